use std::time::Duration;

use keyledger_validator::{KeyIndex, Validator};

use super::Role;

/// A validator, how far its index has come, and why it cannot answer for keys. It answers for `hard_bound` without
/// hearing from the log.
pub(crate) fn validator_role(validator: &Validator, hard_bound: Duration) -> Role {
    let index = validator.index();
    Role::new("validator", Some(index.position().get()), trouble(index, hard_bound))
}

fn trouble(index: &KeyIndex, hard_bound: Duration) -> Option<String> {
    let missing = index.missing_peppers();
    if !missing.is_empty() {
        let ids: Vec<_> = missing.iter().map(ToString::to_string).collect();
        return Some(format!(
            "the keyring lacks pepper {}, with which live secrets were made: put the whole keyring back",
            ids.join(", ")
        ));
    }
    match index.silence() {
        None => Some("the key index is still being loaded from the log".to_owned()),
        Some(silence) if silence > hard_bound => Some(format!(
            "the log was last heard {} s ago, which is too long to answer for keys",
            silence.as_secs()
        )),
        Some(_) => None,
    }
}
