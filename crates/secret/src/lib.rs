//! The plain-text secret of a key: mint, parse, checksum, derive the verifier's digest.
//!
//! ```text
//! hT4kQ9xZ_kl1_8sJ0…                …5n6cRC
//! └prefix┘ │   └ 32 base62 digits ┘└ checksum ┘     51 characters
//!          └ marker of the installation
//! ```
//!
//! This crate reaches neither serde nor a logger, and [`PlaintextSecret`] has no `Debug`, `Display` or `Clone`: what
//! cannot be printed, serialised or copied does not leak by accident.

mod base62;
mod checksum;
mod digest;
mod marker;
mod mint;
mod parse;
mod plaintext;
mod spot;

pub use digest::{Digest, Pepper};
pub use marker::{InvalidMarker, Marker};
pub use mint::Randomness;
pub use plaintext::PlaintextSecret;
pub use spot::{holds_any_secret, holds_secret};
