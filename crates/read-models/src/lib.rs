//! The SQL read models: each partner's keys, for lists and look-ups, and when each secret was last used. They lie in SQLite
//! files of one machine, or in a PostgreSQL [`Database`] that many share.
//!
//! [`PartnerKeys`] is the half that a projector writes through, [`PartnerKeysReader`] the half that answers; both
//! block. Rows and checkpoint change in one transaction, so the store always holds exactly the events up to its
//! checkpoint. It can be thrown away and made from the log again, and its digest proves that this changes nothing.
//! What events make of rows (`batch.rs`), what a row means (`row.rs`) and what is asked (`list.rs`, `lookup.rs`, with the
//! words of each store side by side) is the same for both; `sqlite/` and `postgres/` are only how each is reached.
//!
//! [`LastUsedTable`] and [`LastUsedReader`] are the same two halves of what no event says, and so of what is lost with its
//! table.
//!
//! Nothing here is authenticated: whoever can write to the store can make a list lie. So rows are shown and looked up
//! and never decide whether a secret is good or what a command does: verdicts come from the key index, decisions from
//! the events themselves.

mod apply;
mod batch;
mod checkpoint;
mod cursor;
mod digest;
mod every;
mod fault;
mod last_used;
mod list;
mod lookup;
mod open_error;
mod partner_keys;
mod postgres;
mod question;
mod reader;
mod row;
mod sqlite;
mod value;

pub use apply::{ApplyError, Change};
pub use cursor::{Cursor, InvalidCursor};
pub use digest::Contents;
pub use fault::ReadModelError;
pub use keyledger_database_url::DatabaseUrl;
pub use last_used::{LastUsedError, LastUsedReader, LastUsedTable};
pub use list::{List, MAX_PAGE, Page};
pub use open_error::OpenError;
pub use partner_keys::PartnerKeys;
pub use postgres::{Database, Swap, SwapError};
pub use reader::PartnerKeysReader;
