//! What a key may do: operations named `<resource>:<verb>`.

use std::{collections::BTreeSet, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// One operation scope, `<resource>:<verb>`: each part a letter and then letters, digits, `_` or `-`; at most 80
/// characters together. Whether there is such a scope, and what it covers, the catalogue says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
#[cfg_attr(test, schemars(with = "String", extend("pattern" = "^[A-Za-z][A-Za-z0-9_-]*:[A-Za-z][A-Za-z0-9_-]*$", "maxLength" = 80)))]
pub struct Scope(Arc<str>);

/// The text is not a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a scope: give <resource>:<verb> in at most 80 characters, for example client:read")]
pub struct InvalidScope;

/// Whether a text may name a resource or a verb.
#[must_use]
pub(crate) fn is_word(text: &str) -> bool {
    text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl Scope {
    /// The most characters of a scope.
    pub const MAX_LENGTH: usize = 80;

    /// A scope from its text.
    ///
    /// # Errors
    /// [`InvalidScope`] where it is not `<resource>:<verb>`.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        match text.split_once(':') {
            Some((resource, verb))
                if text.len() <= Self::MAX_LENGTH && is_word(resource) && is_word(verb) =>
            {
                Ok(Self(text.into()))
            }
            _ => Err(InvalidScope),
        }
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the colon.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.0.split_once(':').map_or("", |(resource, _)| resource)
    }

    /// The part after the colon.
    #[must_use]
    pub fn verb(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, verb)| verb)
    }
}

impl TryFrom<String> for Scope {
    type Error = InvalidScope;
    fn try_from(text: String) -> Result<Self, InvalidScope> {
        Self::parse(&text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The scopes of a key: at least one, at most 100, each once, in alphabetical order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "Vec<Scope>")]
#[cfg_attr(test, schemars(with = "Vec<Scope>", extend("minItems" = 1, "maxItems" = 100, "uniqueItems" = true)))]
pub struct Scopes(BTreeSet<Scope>);

/// There are too few scopes or too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must hold 1 to 100 scopes")]
pub struct InvalidScopes;

impl Scopes {
    /// The most scopes of a key.
    pub const MAX: usize = 100;

    /// A set of scopes; one that is named twice counts once.
    ///
    /// # Errors
    /// [`InvalidScopes`] where there are none, or more than 100.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Result<Self, InvalidScopes> {
        let scopes: BTreeSet<_> = scopes.into_iter().collect();
        if scopes.is_empty() || scopes.len() > Self::MAX { Err(InvalidScopes) } else { Ok(Self(scopes)) }
    }

    /// The scopes in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> + Clone {
        self.0.iter()
    }

    /// Whether exactly this scope is among them; what it covers, the catalogue says.
    #[must_use]
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }
}

impl TryFrom<Vec<Scope>> for Scopes {
    type Error = InvalidScopes;
    fn try_from(scopes: Vec<Scope>) -> Result<Self, InvalidScopes> {
        Self::new(scopes)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{scope}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_resource_and_a_verb() {
        let scope = Scope::parse("clientEmail:read").expect("a scope");
        assert_eq!((scope.resource(), scope.verb()), ("clientEmail", "read"));
        for bad in ["", "client", ":read", "client:", "client:read:all", "1a:b", "a b:c", "client: read"] {
            assert_eq!(Scope::parse(bad), Err(InvalidScope), "{bad}");
        }
        assert!(Scope::parse(&format!("{}:read", "a".repeat(75))).is_ok());
        assert_eq!(Scope::parse(&format!("{}:read", "a".repeat(76))), Err(InvalidScope));
    }

    #[test]
    fn a_set_of_scopes_counts_each_once_and_is_never_empty() {
        let read = Scope::parse("client:read").expect("a scope");
        let set = Scopes::new([read.clone(), read.clone()]).expect("scopes");
        assert_eq!(set.to_string(), "client:read");
        assert_eq!(Scopes::new([]), Err(InvalidScopes));
        let many = (0..101).map(|n| Scope::parse(&format!("r{n}:read")).expect("a scope"));
        assert_eq!(Scopes::new(many), Err(InvalidScopes));
    }
}
