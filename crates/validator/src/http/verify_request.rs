//! What `/v1/verify` is asked, and every fault of the asking.

use std::fmt;

use keyledger_domain::{PartnerId, Scope, Scopes, Throttle};
use keyledger_event_log::Position;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, error::Category};

use crate::Demand;

/// A question that can be answered.
pub(crate) struct VerifyRequest {
    /// What came as a key; it may be anything.
    pub(crate) key: String,
    scopes: Vec<Scope>,
    partner_id: Option<PartnerId>,
    /// What the index has to hold first.
    pub(crate) min_position: Position,
    /// How many tokens to take.
    pub(crate) cost: u32,
}

/// Why there is no question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Faulty {
    /// The body is no JSON.
    NotJson,
    /// It is, and these fields are at fault.
    Fields(Vec<Fault>),
}

/// One faulty field. The message holds no value of the request.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    field: String,
    message: String,
}

impl VerifyRequest {
    /// Reads a body. A field that is null is faulty: somebody meant to say more than nothing, and to read it as nothing
    /// would let a request through that was to be restricted.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Faulty> {
        let Fields(fields) = serde_json::from_slice(body).map_err(|error| match error.classify() {
            Category::Data => Faulty::Fields(vec![fault("", "the body must be an object")]),
            Category::Syntax | Category::Eof | Category::Io => Faulty::NotJson,
        })?;
        let mut reader = Reader { fields, faults: Vec::new() };
        reader.find_twice();
        let key = reader.take("key", "must be a string: what came as x-api-key", |value| {
            Some(value.as_str()?.to_owned())
        });
        let scopes = reader.take(
            "scopes",
            "must be a list of at most 100 scopes, for example [\"client:read\"]",
            scopes,
        );
        let partner_id = reader
            .take("partnerId", "must be the id of a partner", |value| PartnerId::parse(value.as_str()?).ok());
        let min_position =
            reader.take("minPosition", "must be a position of the log, a whole number below 2^53", |value| {
                value.as_u64().filter(|number| *number <= Position::MAX.get()).map(Position::new)
            });
        let cost = reader.take("cost", "must be a whole number of tokens between 0 and 1,000,000", |value| {
            u32::try_from(value.as_u64()?).ok().filter(|cost| *cost <= Throttle::MAX)
        });
        let key = reader.finish(key)?;
        Ok(Self {
            key,
            scopes: scopes.unwrap_or_default(),
            partner_id,
            min_position: min_position.unwrap_or(Position::START),
            cost: cost.unwrap_or(1),
        })
    }
}

fn scopes(value: &Value) -> Option<Vec<Scope>> {
    let list = value.as_array().filter(|list| list.len() <= Scopes::MAX)?;
    list.iter().map(|scope| Scope::parse(scope.as_str()?).ok()).collect()
}

fn fault(field: &str, message: &str) -> Fault {
    Fault { field: field.to_owned(), message: message.to_owned() }
}

impl Demand for VerifyRequest {
    fn allows_partner(&self, partner: &PartnerId) -> bool {
        self.partner_id.as_ref().is_none_or(|wanted| wanted == partner)
    }

    fn is_met(&self, granted: &dyn Fn(&str) -> bool) -> bool {
        self.scopes.iter().all(|scope| granted(scope.as_str()))
    }
}

/// Takes fields out of an object, and remembers what was wrong with them.
struct Reader {
    fields: Vec<(String, Value)>,
    faults: Vec<Fault>,
}

impl Reader {
    /// A field that stands twice may mean either.
    fn find_twice(&mut self) {
        let mut names: Vec<_> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let mut twice: Vec<_> =
            names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        twice.dedup();
        self.faults = twice.into_iter().map(|name| fault(presentable(name), "stands twice")).collect();
    }

    /// The value of a field; none where it is absent or faulty.
    fn take<T>(&mut self, name: &str, must: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let index = self.fields.iter().position(|(field, _)| field == name)?;
        let (_, value) = self.fields.swap_remove(index);
        self.fields.retain(|(field, _)| field != name);
        let value = read(&value);
        if value.is_none() {
            self.faults.push(fault(name, must));
        }
        value
    }

    /// The key, which must be there, if nothing was wrong with anything.
    fn finish(mut self, key: Option<String>) -> Result<String, Faulty> {
        if key.is_none() && !self.faults.iter().any(|fault| fault.field == "key") {
            self.faults.insert(0, fault("key", "is missing"));
        }
        for (name, _) in &self.fields {
            self.faults.push(fault(presentable(name), "is not a field of this request"));
        }
        key.filter(|_| self.faults.is_empty()).ok_or(Faulty::Fields(self.faults))
    }
}

/// A field's name as it may be repeated: what looks like more than a name, a secret even, is not.
fn presentable(name: &str) -> &str {
    let plain = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { name } else { "(a name that is not repeated here)" }
}

/// The fields of an object as they stand, those that stand twice too.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faulty_fields(body: &str) -> Vec<String> {
        match VerifyRequest::parse(body.as_bytes()) {
            Err(Faulty::Fields(faults)) => faults.into_iter().map(|fault| fault.field).collect(),
            Err(Faulty::NotJson) => panic!("{body} is JSON"),
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn only_a_key_is_needed() {
        let request = VerifyRequest::parse(br#"{"key":"abc"}"#).unwrap_or_else(|faulty| panic!("{faulty:?}"));
        assert_eq!((request.key.as_str(), request.cost, request.min_position), ("abc", 1, Position::START));
        assert!(request.scopes.is_empty() && request.partner_id.is_none());
    }

    #[test]
    fn every_faulty_field_is_named() {
        let all = r#"{"key":1,"scopes":["a"],"partnerId":"","minPosition":-1,"cost":1000001,"extra":true}"#;
        assert_eq!(faulty_fields(all), ["key", "scopes", "partnerId", "minPosition", "cost", "extra"]);
        assert_eq!(faulty_fields("{}"), ["key"]);
        assert_eq!(faulty_fields("[1]"), [""]);
        assert_eq!(faulty_fields(r#"{"key":"a","key":"b"}"#), ["key"]);
        assert_eq!(faulty_fields(r#"{"key":"a","x":1,"x":2,"x":3}"#), ["x", "x", "x", "x"]);
        assert_eq!(faulty_fields(r#"{"key":"a","minPosition":9007199254740992}"#), ["minPosition"]);
    }

    #[test]
    fn null_never_means_without_restriction() {
        for field in ["key", "scopes", "partnerId", "minPosition", "cost"] {
            let key = if field == "key" { "" } else { r#""key":"a","# };
            assert_eq!(faulty_fields(&format!("{{{key}\"{field}\":null}}")), [field]);
        }
    }

    #[test]
    fn a_name_that_could_be_a_secret_is_not_repeated() {
        let secret = format!("hT4kQ9xZ_kl1_{}", "a".repeat(38));
        assert_eq!(
            faulty_fields(&format!(r#"{{"key":"a","{secret}":1}}"#)),
            ["(a name that is not repeated here)"]
        );
    }

    #[test]
    fn what_is_no_json_has_no_fields() {
        let deep = "[".repeat(10_000);
        let deep = format!("{{\"key\":{deep}");
        for body in ["", "{", "{\"key\":\"a\"}x", "\u{0}", deep.as_str()] {
            assert_eq!(VerifyRequest::parse(body.as_bytes()).err(), Some(Faulty::NotJson));
        }
        assert_eq!(VerifyRequest::parse(b"{\"key\":\"\xc0\x80\"}").err(), Some(Faulty::NotJson));
    }
}
