//! The values that fields hold, each read by its rule; what breaks one is named, and never repeated.

use std::fmt::Display;

use keyledger_domain::{Prefix, Scope, Scopes, Throttle, Timestamp, key::Replace};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{fields::Faults, regenerate_key::ReplaceBody, secrets::speakable};

/// A text with a rule of its own.
pub(super) fn text<T, E: Display>(
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> impl FnOnce(&Value, &str, &mut Faults) -> Option<T> {
    move |value, field, faults| {
        let Some(text) = value.as_str() else {
            faults.push(field, "must be a text");
            return None;
        };
        parse(text).map_err(|fault| faults.push(field, fault)).ok()
    }
}

/// A moment.
pub(super) fn moment(value: &Value, field: &str, faults: &mut Faults) -> Option<Timestamp> {
    text(Timestamp::parse)(value, field, faults)
}

/// The first eight characters of a secret.
pub(super) fn prefix(value: &Value, field: &str, faults: &mut Faults) -> Option<Prefix> {
    text(|text| Prefix::parse(text.as_bytes()))(value, field, faults)
}

/// Yes or no.
pub(super) fn yes_or_no(value: &Value, field: &str, faults: &mut Faults) -> Option<bool> {
    if value.as_bool().is_none() {
        faults.push(field, "must be true or false");
    }
    value.as_bool()
}

/// Which live secret a regenerate gives up.
pub(super) fn replace(value: &Value, field: &str, faults: &mut Faults) -> Option<Replace> {
    let replace = ReplaceBody::deserialize(value).ok().map(Replace::from);
    if replace.is_none() {
        faults.push(field, "must be oldest or newest");
    }
    replace
}

/// A whole number with a rule of its own.
pub(super) fn number<T, E: Display>(
    rule: impl FnOnce(u32) -> Result<T, E>,
) -> impl FnOnce(&Value, &str, &mut Faults) -> Option<T> {
    move |value, field, faults| {
        if !value.is_i64() && !value.is_u64() {
            faults.push(field, "must be a whole number");
            return None;
        }
        // What does not fit is out of every range there is, and so is its nearest neighbour that does.
        let nearest = value.as_u64().map_or(u32::MAX, |number| u32::try_from(number).unwrap_or(u32::MAX));
        rule(nearest).map_err(|fault| faults.push(field, fault)).ok()
    }
}

/// A set of scopes; whether the catalogue has them is not judged here.
pub(super) fn scopes(value: &Value, field: &str, faults: &mut Faults) -> Option<Scopes> {
    let Some(values) = value.as_array() else {
        faults.push(field, "must be a list of scopes");
        return None;
    };
    if values.len() > Scopes::MAX {
        faults.push(field, "must hold 1 to 100 scopes");
        return None;
    }
    let read: Vec<_> = (0..)
        .zip(values)
        .map(|(at, value): (usize, _)| text(Scope::parse)(value, &format!("{field}[{at}]"), faults))
        .collect();
    let scopes: Option<Vec<_>> = read.into_iter().collect();
    Scopes::new(scopes?).map_err(|fault| faults.push(field, fault)).ok()
}

/// A throttle: both of its numbers.
pub(super) fn throttle(value: &Value, field: &str, faults: &mut Faults) -> Option<Throttle> {
    let object = object(value, field, &["ratePerSecond", "burst"], faults)?;
    let mut part = |name: &str| {
        let field = format!("{field}.{name}");
        let Some(value) = object.get(name) else {
            faults.push(field, "is missing");
            return None;
        };
        let in_range = |value| Throttle::new(value, 1).map(|_| value);
        number(in_range)(value, &field, faults)
    };
    let (rate, burst) = (part("ratePerSecond"), part("burst"));
    Throttle::new(rate?, burst?).map_err(|fault| faults.push(field, fault)).ok()
}

/// An object with no other fields than these.
pub(super) fn object<'a>(
    value: &'a Value,
    field: &str,
    names: &[&str],
    faults: &mut Faults,
) -> Option<&'a Map<String, Value>> {
    let Some(object) = value.as_object() else {
        faults.push(field, "must be an object");
        return None;
    };
    for name in object.keys().filter(|name| !names.contains(&name.as_str())) {
        faults.push(format!("{field}.{}", speakable(name)), "there is no such field");
    }
    Some(object)
}
