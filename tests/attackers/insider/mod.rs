//! Somebody who can write to the disk, and has no keyring. Whatever they write, no key becomes valid by it, and the next
//! start says what is wrong.
//!
//! What nobody here can notice is a log that was rolled back together with every model and snapshot of it: that takes a
//! copy held elsewhere, and stands in the threat model.

mod altered;
mod forged;
mod live;
mod models;
mod removed;
mod scene;
