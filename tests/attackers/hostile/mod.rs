//! Clients that speak badly, on purpose, over bare sockets, to all three listeners. Each gets the documented answer or a
//! closed connection; nothing of what it sent comes back, nothing breaks, and no connection stays open.

mod bodies;
mod crowd;
mod fragments;
mod generated;
mod heads;
mod late;
mod target;
