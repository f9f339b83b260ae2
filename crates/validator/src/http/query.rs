//! What the query of `/v1/authorize` asks for. Gateways append the caller's own query, so whatever it says can only ask
//! for more: it never takes back what the gateway asked for.

use std::borrow::Cow;

use keyledger_domain::PartnerId;
use percent_encoding::percent_decode_str;

use crate::Demand;

/// More scopes than any endpoint needs; a query that asks for more is met by no key.
const MAX_SCOPES: usize = 100;

/// A raw query, read anew by each question: that is cheaper than to keep what it says.
pub(crate) struct Query<'a>(pub(crate) &'a str);

impl<'a> Query<'a> {
    /// The values of a parameter.
    fn values(&self, wanted: &'static str) -> impl Iterator<Item = Cow<'a, str>> {
        self.0.split('&').filter_map(move |pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name) == wanted).then(|| decoded(value))
        })
    }
}

/// Text without percent-encoding. What is not UTF-8 becomes a replacement character, which is in no scope or partner.
fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

impl Demand for Query<'_> {
    /// Every `partner` has to be this one.
    fn allows_partner(&self, partner: &PartnerId) -> bool {
        self.values("partner").all(|wanted| wanted == partner.as_str())
    }

    /// Every `scope` has to be granted.
    fn is_met(&self, granted: &dyn Fn(&str) -> bool) -> bool {
        let mut asked = 0;
        self.values("scope").all(|scope| {
            asked += 1;
            asked <= MAX_SCOPES && granted(&scope)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(query: &str) -> Vec<String> {
        Query(query).values("scope").map(Cow::into_owned).collect()
    }

    fn is_for_acme(query: &str) -> bool {
        Query(query).allows_partner(&PartnerId::parse("acme").expect("a partner"))
    }

    #[test]
    fn every_scope_counts_however_it_is_written() {
        assert_eq!(scopes(""), [""; 0]);
        assert_eq!(scopes("scope=a:b&scope=c%3Ad&s%63ope=e:f"), ["a:b", "c:d", "e:f"]);
        assert_eq!(scopes("x=1&scope&Scope=a:b&scope=%ff&scopes=c:d"), ["", "\u{fffd}"]);
        assert_eq!(scopes("orig=/v1/client?scope=a:b&&scope=c:d"), ["c:d"]);
    }

    #[test]
    fn every_partner_has_to_match() {
        assert!(
            is_for_acme("") && is_for_acme("partner=acme&x=1") && is_for_acme("partner=acme&partner=%61cme")
        );
        for query in ["partner=", "partner", "partner=Acme", "partner=acme&partner=other", "partner=acme%00"]
        {
            assert!(!is_for_acme(query), "{query}");
        }
    }

    #[test]
    fn a_hundred_scopes_may_be_asked_for_and_not_one_more() {
        let query = |count| vec!["scope=a:b"; count].join("&");
        assert!(Query(&query(100)).is_met(&|_| true));
        assert!(!Query(&query(101)).is_met(&|_| true));
    }
}
