//! What many keys have in common is held once, with the header values that answers need of it.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use actix_web::http::header::HeaderValue;
use keyledger_domain::{PartnerId, Scopes, Throttle};

/// A partner.
pub(crate) struct Partner {
    pub(crate) id: PartnerId,
    /// `X-Partner-Id`.
    pub(crate) header: HeaderValue,
}

impl Partner {
    pub(crate) fn new(id: PartnerId) -> Self {
        Self { header: header(id.as_str()), id }
    }
}

/// A set of scopes.
pub(crate) struct ScopeSet {
    pub(crate) scopes: Scopes,
    /// `X-Key-Scopes`: as granted, children not spelled out.
    pub(crate) header: HeaderValue,
}

impl ScopeSet {
    pub(crate) fn new(scopes: Scopes) -> Self {
        Self { header: header(&scopes.to_string()), scopes }
    }
}

/// A throttle.
pub(crate) struct Pace {
    pub(crate) throttle: Throttle,
    /// `RateLimit-Policy`.
    pub(crate) header: HeaderValue,
}

impl Pace {
    pub(crate) fn new(throttle: Throttle) -> Self {
        Self { header: header(&format!("\"key\";q={};w=1", throttle.rate_per_second())), throttle }
    }
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("the domain lets only visible ASCII into ids and scopes")
}

/// Values held once each, as long as somebody uses them.
pub(crate) struct Interner<K, V> {
    values: HashMap<K, Arc<V>>,
    /// At this many values the unused ones are thrown out, so that each is looked at a constant number of times.
    sweep_at: usize,
}

impl<K, V> Default for Interner<K, V> {
    fn default() -> Self {
        Self { values: HashMap::new(), sweep_at: 1_024 }
    }
}

impl<K: Clone + Eq + Hash, V> Interner<K, V> {
    /// The one value for `key`.
    pub(crate) fn intern(&mut self, key: &K, make: impl FnOnce(K) -> V) -> Arc<V> {
        if let Some(value) = self.values.get(key) {
            return value.clone();
        }
        if self.values.len() >= self.sweep_at {
            self.values.retain(|_, value| Arc::strong_count(value) > 1);
            self.sweep_at = 1_024.max(2 * self.values.len());
        }
        let value = Arc::new(make(key.clone()));
        self.values.insert(key.clone(), value.clone());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one_and_unused_ones_go() {
        let mut interner = Interner::<u32, u32>::default();
        let first = interner.intern(&0, |key| key);
        assert!(Arc::ptr_eq(&first, &interner.intern(&0, |key| key)));
        for key in 1..10_000 {
            interner.intern(&key, |key| key);
        }
        assert!(interner.values.len() <= 1_025, "{}", interner.values.len());
        assert!(Arc::ptr_eq(&first, &interner.intern(&0, |key| key)), "what is used stays");
    }
}
