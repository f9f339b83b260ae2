use serde_json::Value;

use super::{
    problem::{FieldFault, Problem},
    secrets::speakable,
};

/// The fields of a request, taken one by one. Faults are gathered, not thrown: whoever sent several wants to know all.
pub(super) struct Fields {
    left: Vec<(String, Value)>,
    faults: Faults,
}

/// Every fault that was found.
#[derive(Default)]
pub(super) struct Faults(Vec<FieldFault>);

impl Faults {
    pub(super) fn push(&mut self, field: impl Into<String>, message: impl std::fmt::Display) {
        self.0.push(FieldFault::new(field, message));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Fields {
    pub(super) fn new(sent: Vec<(String, Value)>) -> Self {
        let mut faults = Faults::default();
        let mut left: Vec<(String, Value)> = Vec::with_capacity(sent.len());
        for (name, value) in sent {
            if left.iter().any(|(earlier, _)| *earlier == name) {
                faults.push(speakable(&name), "stands twice");
            } else {
                left.push((name, value));
            }
        }
        Self { left, faults }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.left.iter().position(|(field, _)| field == name)?;
        Some(self.left.swap_remove(at).1)
    }

    /// A field that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value, &str, &mut Faults) -> Option<T>,
    ) -> Option<T> {
        if !self.left.iter().any(|(field, _)| field == name) {
            self.faults.push(name, "is missing");
        }
        self.optional(name, read)
    }

    /// A field that may be left out, but not be null.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value, &str, &mut Faults) -> Option<T>,
    ) -> Option<T> {
        match self.take(name)? {
            Value::Null => {
                self.faults.push(name, "must not be null");
                None
            }
            value => read(&value, name, &mut self.faults),
        }
    }

    /// A field that may be left out, or be null, which then means something: `Some(None)`.
    pub(super) fn nullable<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value, &str, &mut Faults) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.take(name)? {
            Value::Null => Some(None),
            value => read(&value, name, &mut self.faults).map(Some),
        }
    }

    /// The faults so far, to add what only several fields together show.
    pub(super) fn faults(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// What was not taken by now is unknown.
    pub(super) fn refuse_the_rest(&mut self) {
        for (name, _) in self.left.drain(..) {
            self.faults.push(speakable(&name), "there is no such field");
        }
    }

    /// Ends the reading.
    pub(super) fn finish(mut self) -> Result<(), Problem> {
        self.refuse_the_rest();
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::invalid(self.faults.0)) }
    }
}
