use keyledger_event_log::Checkpoint;

use crate::{ApplyError, Change};

/// How rows stand to changes that are to be in them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// They hold all of them.
    Hold,
    /// They hold so many of them, from the first on.
    Lack(usize),
    /// They hold less than was seen in them: the database lost its last moments, which are taken in again from here.
    FellBack,
}

/// How rows that have come to `found` stand to `changes`, which follow what was last seen in them.
pub(super) fn standing(
    found: &Checkpoint,
    seen: &Checkpoint,
    changes: &[Change<'_>],
) -> Result<Standing, ApplyError> {
    if found.position < seen.position {
        return Ok(Standing::FellBack);
    }
    let Some(last) = changes.last() else { return Ok(Standing::Hold) };
    if found.position > last.position {
        return Ok(Standing::Hold);
    }
    // What is at one place must be the same event: rows of another past are not gone on with.
    let at = changes.iter().position(|change| change.position == found.position);
    let (mac, held) = match at {
        Some(at) => (changes[at].mac, at + 1),
        None if found.position == seen.position => (seen.mac.as_slice(), 0),
        None => return Err(ApplyError::AnotherWriter),
    };
    if found.mac != mac {
        return Err(ApplyError::AnotherWriter);
    }
    Ok(if held == changes.len() { Standing::Hold } else { Standing::Lack(held) })
}
