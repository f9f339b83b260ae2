use std::sync::Arc;

use keyledger_domain::envelope::{MacKeys, Purpose};

use super::rows::Failure;

/// The keys of the keyring as they are now.
pub type Keys = Arc<dyn Fn() -> MacKeys + Send + Sync>;

/// A row that nobody wrote, or one that nobody removed, who holds the keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}, among the people of the portal, was written, altered or removed by somebody without the keyring: find out who, and put a backup back"
)]
struct Forged(&'static str);

/// The code over a row's fields.
pub(super) fn seal(keys: &Keys, purpose: Purpose, fields: &[Option<&[u8]>]) -> Vec<u8> {
    keys().sign(purpose, &[&message(fields)])
}

/// Refuses a row whose code is not over its fields.
pub(super) fn must_be_sealed(
    keys: &Keys,
    purpose: Purpose,
    fields: &[Option<&[u8]>],
    mac: &[u8],
) -> Result<(), Failure> {
    keys().verify(purpose, &[&message(fields)], mac).map_err(|_| forged(purpose))
}

/// That somebody without the keyring wrote, altered or removed such a row.
pub(super) fn forged(purpose: Purpose) -> Failure {
    let what = match purpose {
        Purpose::Person => "a person",
        Purpose::StandingChange => "a change of what somebody may do",
        Purpose::Session => "a session",
        Purpose::SetupCode => "the one-time code",
        Purpose::Event | Purpose::Snapshot | Purpose::ValidatorReport | Purpose::AuditIndex => {
            "something else"
        }
    };
    Failure::Unavailable(Forged(what).to_string())
}

/// Fields in an unambiguous form: each with its length, or said to be missing.
fn message(fields: &[Option<&[u8]>]) -> Vec<u8> {
    let mut message = Vec::new();
    for field in fields {
        match field {
            None => message.push(0),
            Some(field) => {
                message.push(1);
                message.extend((field.len() as u64).to_be_bytes());
                message.extend_from_slice(field);
            }
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_of_fields_have_one_form() {
        let forms = [
            message(&[]),
            message(&[None]),
            message(&[Some(b"")]),
            message(&[None, None]),
            message(&[Some(b"a"), Some(b"b")]),
            message(&[Some(b"ab")]),
            message(&[Some(b"a"), None, Some(b"b")]),
            message(&[Some(b"a\x01\0\0\0\0\0\0\0\x01b")]),
        ];
        let distinct: std::collections::BTreeSet<_> = forms.iter().collect();
        assert_eq!(distinct.len(), forms.len());
    }
}
