//! The SQL read models: each partner's keys, for lists and look-ups, in one SQLite file; and when each secret was last
//! used, in another.
//!
//! [`PartnerKeys`] is the half that a projector writes through, [`PartnerKeysReader`] the half that answers; both
//! block. Rows and checkpoint change in one transaction, so the file always holds exactly the events up to its
//! checkpoint. It can be thrown away and made from the log again, and its digest proves that this changes nothing.
//!
//! [`LastUsedTable`] and [`LastUsedReader`] are the same two halves of what no event says, and so of what is lost with its
//! file.
//!
//! Nothing here is authenticated: whoever can write to the file can make a list lie. So rows are shown and looked up
//! and never decide whether a secret is good or what a command does: verdicts come from the key index, decisions from
//! the events themselves.

mod apply;
mod batch;
mod checkpoint;
mod connection;
mod cursor;
mod digest;
mod fault;
mod last_used;
mod list;
mod lookup;
mod open;
mod partner_keys;
#[cfg(test)]
mod plans;
mod pool;
mod reader;
mod row;
mod schema;

pub use apply::{ApplyError, Change};
pub use cursor::{Cursor, InvalidCursor};
pub use digest::Contents;
pub use fault::ReadModelError;
pub use last_used::{LastUsedError, LastUsedReader, LastUsedTable};
pub use list::{List, MAX_PAGE, Page};
pub use open::OpenError;
pub use partner_keys::PartnerKeys;
pub use reader::PartnerKeysReader;
