//! The portal: pages on which a partner's admins manage the partner's keys.
//!
//! ```text
//! browser ─▶ routes ─▶ web::Visit (session ─▶ person ─▶ what they may do) ─▶ pages ─▶ command service
//!                            └─▶ people (accounts, standings, sessions: portal.db, or a database)
//! sign-in ─▶ people, or openid (who somebody is and what they may do, by a provider's word) ─▶ session
//! ```
//!
//! Pages are made here, whole, and work without a script; htmx puts the same answers into dialogs. What a page does to a
//! key goes through the use cases of the command service, as a request to its API does, with the person as the actor.

mod attempts;
pub mod openid;
mod pages;
pub mod people;
mod portal;
pub mod routes;
mod testing;
mod web;

pub use portal::{Portal, Reached};
