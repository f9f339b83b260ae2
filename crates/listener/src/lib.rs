//! Listens with guarded connections: deadlines, limits, TLS that reloads.
//!
//! actix's own timer covers only a connection's first head, and its parser allows 96 headers and 128 KiB. This crate keeps
//! actix's HTTP/1.1 and puts a wrapped stream below it and a wrapped service above it; the two share one [`Connection`] and
//! so know together, at any moment, what the client owes:
//!
//! ```text
//! socket ─▶ Transport (plain, TLS) ─▶ Stream ─▶ actix's HTTP/1.1 ─▶ Guard ─▶ the application
//!                                       └────────▶ Connection ◀────────┘
//! ```
//!
//! The stream sees bytes and no requests, the guard sees requests and no bytes. A head begins with the first byte that the
//! stream reads while nothing else is going on, and ends when the guard is called, and at no other sign: looking for the empty
//! line in the bytes is fooled by leading ones, and by bodies.
//!
//! [`Connection`]: connection::Connection

mod alarm;
mod answer;
mod body;
mod connection;
mod descriptors;
mod door;
mod guard;
mod listen;
mod meters;
mod place;
mod refusal;
mod settings;
mod stream;
mod tail;
mod target;
mod tls;
mod transport;
mod worker;

pub use listen::{ListenError, Listening, listen};
pub use refusal::Refusal;
pub use settings::{Limits, Settings, TlsFiles};
pub use tls::TlsError;
