//! What a read model holds, one JSON object a line, as `GET /v1/projections/{name}` and `audit replay` compare it.

use std::cell::RefCell;

use keyledger_command_service::ports::ReadModel;
use keyledger_event_log::Position;
use keyledger_read_models::{PartnerKeysReader, ReadModelError};
use keyledger_validator::KeyIndex;
use serde_json::json;

/// Whoever takes the lines, and says whether it wants more.
type Line<'a> = &'a mut dyn FnMut(&str) -> bool;

/// Tells what an index holds, without what recognises secrets.
///
/// # Errors
/// One sentence, where it was not told to the end.
pub(crate) fn key_index(index: &KeyIndex, line: Line<'_>) -> Result<(), String> {
    let line = RefCell::new(line);
    let mut wanted = true;
    let say = |text: &str| (*line.borrow_mut())(text);
    index.tell(
        |position| _ = say(&first(ReadModel::KeyIndex, position)),
        |told| {
            wanted = serde_json::to_string(&told).is_ok_and(|text| say(&text));
            wanted
        },
    );
    if wanted { Ok(()) } else { Err(NOT_WANTED.to_owned()) }
}

/// Tells what lists hold.
///
/// # Errors
/// As [`key_index`].
pub(crate) fn partner_keys(lists: &PartnerKeysReader, line: Line<'_>) -> Result<(), String> {
    let line = RefCell::new(line);
    let say = |text: &str| (*line.borrow_mut())(text);
    let told = lists.every(
        |position| _ = say(&first(ReadModel::PartnerKeys, position)),
        |key| {
            let text =
                serde_json::to_string(key).map_err(|error| ReadModelError::Damaged(error.to_string()))?;
            if say(&text) { Ok(()) } else { Err(ReadModelError::Unavailable(NOT_WANTED.to_owned())) }
        },
    );
    told.map_err(|error| error.to_string())
}

const NOT_WANTED: &str = "whoever read it left";

fn first(model: ReadModel, position: Position) -> String {
    json!({ "projection": model.name(), "position": position.get() }).to_string()
}
