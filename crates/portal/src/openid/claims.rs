use keyledger_domain::PartnerId;
use serde_json::{Map, Value};

use crate::people::{Role, Standing, Username};

/// The name of a claim; where it begins with `/`, a JSON pointer (RFC 6901) into the claims, as `/realm_access/roles`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimName(String);

/// The text names no claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("names no claim")]
pub struct InvalidClaimName;

impl ClaimName {
    /// A claim's name as it is written.
    ///
    /// # Errors
    /// [`InvalidClaimName`].
    pub fn parse(text: &str) -> Result<Self, InvalidClaimName> {
        let fits = (1..=200).contains(&text.len()) && !text.contains(char::is_control) && text != "/";
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidClaimName) }
    }

    /// What the claims hold there: one text, or several.
    fn texts<'a>(&self, claims: &'a Map<String, Value>) -> Vec<&'a str> {
        let found = match self.0.strip_prefix('/') {
            None => claims.get(&self.0),
            Some(path) => {
                let (first, rest) =
                    path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
                let first = claims.get(&first.replace("~1", "/").replace("~0", "~"));
                first.and_then(|first| rest.map_or(Some(first), |rest| first.pointer(&format!("/{rest}"))))
            }
        };
        match found {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// Which claims say what.
#[derive(Clone, Debug)]
pub struct WhatClaimsSay {
    /// Of which partner somebody is.
    pub partner: ClaimName,
    /// What they are: one text, or a list such as of groups.
    pub role: ClaimName,
    /// What they are called.
    pub name: ClaimName,
    /// The role that makes an operator.
    pub operator: String,
    /// The role that makes an admin of the partner.
    pub admin: String,
}

/// What a provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// Who it is, at the provider, for ever.
    pub subject: String,
    /// What they are called now.
    pub name: Username,
    /// What they are now; none: nothing here.
    pub standing: Option<Standing>,
}

impl WhatClaimsSay {
    /// Whether everything that is looked for is among these claims. An operator needs no partner.
    pub(crate) fn is_all_in(&self, claims: &Map<String, Value>) -> bool {
        let roles = self.role.texts(claims);
        let is_there = |name: &ClaimName| !name.texts(claims).is_empty();
        let standing =
            roles.contains(&self.operator.as_str()) || !roles.is_empty() && is_there(&self.partner);
        standing && is_there(&self.name)
    }

    /// What they say of somebody.
    pub(crate) fn of(&self, subject: &str, claims: &Map<String, Value>) -> Vouched {
        Vouched {
            subject: subject.to_owned(),
            name: self.name(subject, claims),
            standing: self.standing(claims),
        }
    }

    fn standing(&self, claims: &Map<String, Value>) -> Option<Standing> {
        let roles = self.role.texts(claims);
        if roles.contains(&self.operator.as_str()) {
            return Some(Standing::Operator);
        }
        // Of two partners neither is the one that is meant.
        let [partner] = self.partner.texts(claims)[..] else { return None };
        let partner = PartnerId::parse(partner)
            .inspect_err(
                |error| tracing::warn!(%error, "a provider's claim names a partner that cannot be one"),
            )
            .ok()?;
        let role = if roles.contains(&self.admin.as_str()) { Role::Admin } else { Role::Member };
        Some(Standing::of_partner(partner, role))
    }

    /// The claim of their name, where it can be a user name; else the subject, where that can; else something made from it.
    fn name(&self, subject: &str, claims: &Map<String, Value>) -> Username {
        let told = self.name.texts(claims).first().copied().map(str::to_owned);
        let made = || format!("somebody-{}", hex::encode(&blake3::hash(subject.as_bytes()).as_bytes()[..8]));
        let names = told.into_iter().chain([subject.to_owned()]);
        let found = names.filter_map(|name| Username::parse(&name).ok()).next();
        found.unwrap_or_else(|| Username::parse(&made()).expect("letters, digits and a hyphen"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> WhatClaimsSay {
        let claim = |name: &str| ClaimName::parse(name).expect("a claim's name");
        WhatClaimsSay {
            partner: claim("https://example.com/partner"),
            role: claim("/realm_access/roles"),
            name: claim("email"),
            operator: "keys-operator".to_owned(),
            admin: "keys-admin".to_owned(),
        }
    }

    fn said(claims: Value) -> Vouched {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        settings().of("00u1", &claims)
    }

    #[test]
    fn more_is_asked_for_where_a_token_lacks_the_partner_the_role_or_the_name() {
        let is_all = |partner: Value, role: Value, email: Value| {
            let claims = json!({ "https://example.com/partner": partner, "realm_access": { "roles": role }, "email": email });
            let Value::Object(claims) = claims else { panic!("claims are an object") };
            settings().is_all_in(&claims)
        };
        let (acme, admin, ada) = (json!("acme"), json!(["keys-admin"]), json!("ada@example.com"));
        assert!(is_all(acme.clone(), admin.clone(), ada.clone()));
        assert!(!is_all(json!(null), admin.clone(), ada.clone()));
        assert!(!is_all(acme.clone(), json!([]), ada.clone()));
        assert!(!is_all(acme, admin, json!(null)), "or they would be called by their subject");
        assert!(is_all(json!(null), json!(["keys-operator"]), ada), "operators have no partner");
    }

    fn standing(partner: Value, roles: Value) -> Option<Standing> {
        said(json!({ "https://example.com/partner": partner, "realm_access": { "roles": roles } })).standing
    }

    #[test]
    fn the_greatest_role_counts_and_without_one_somebody_of_a_partner_is_a_member() {
        let acme = || PartnerId::parse("acme").expect("a partner");
        assert_eq!(
            standing(json!("acme"), json!(["x", "keys-admin"])),
            Some(Standing::of_partner(acme(), Role::Admin))
        );
        assert_eq!(
            standing(json!("acme"), json!("keys-admin")),
            Some(Standing::of_partner(acme(), Role::Admin))
        );
        assert_eq!(standing(json!(["acme"]), json!(["x"])), Some(Standing::of_partner(acme(), Role::Member)));
        assert_eq!(standing(json!("acme"), json!(null)), Some(Standing::of_partner(acme(), Role::Member)));
        assert_eq!(standing(json!("acme"), json!(["keys-admin", "keys-operator"])), Some(Standing::Operator));
        assert_eq!(standing(json!(null), json!(["keys-operator"])), Some(Standing::Operator));
    }

    #[test]
    fn claims_that_name_no_partner_or_two_make_nobody() {
        for partner in [json!(null), json!(""), json!("no partner!"), json!(["acme", "globex"]), json!(7)] {
            assert_eq!(standing(partner.clone(), json!(["keys-admin"])), None, "{partner}");
        }
        // Near misses of a role are no role.
        for role in ["KEYS-OPERATOR", "keys-operator ", "keys-operator,keys-admin", ""] {
            assert_eq!(standing(json!(null), json!([role])), None, "{role}");
        }
    }

    #[test]
    fn somebody_is_called_as_the_claim_says_where_that_can_be_a_name() {
        assert_eq!(said(json!({ "email": "ada@example.com" })).name.as_str(), "ada@example.com");
        assert_eq!(said(json!({ "email": "<script>" })).name.as_str(), "00u1");
        assert_eq!(said(json!({})).name.as_str(), "00u1");
    }

    #[test]
    fn a_pointer_leads_into_claims_and_a_name_is_taken_as_it_is() {
        let claims = json!({ "a/b": "x", "a.b": "y", "a": { "b": ["z"] } });
        let Value::Object(claims) = claims else { panic!("an object") };
        for (name, found) in [
            ("a/b", vec!["x"]),
            ("/a~1b", vec!["x"]),
            ("a.b", vec!["y"]),
            ("/a/b", vec!["z"]),
            ("/a/c", vec![]),
        ] {
            assert_eq!(ClaimName::parse(name).expect("a name").texts(&claims), found, "{name}");
        }
        assert!(
            ClaimName::parse("").is_err()
                && ClaimName::parse("/").is_err()
                && ClaimName::parse("a\n").is_err()
        );
    }
}
