//! Sign-in elsewhere: at a provider that speaks OpenID Connect. It says who somebody is, and its claims say what they may do
//! here.
//!
//! ```text
//! browser ─▶ /sign-in/openid ─▶ provider ─▶ /sign-in/openid/callback ─▶ code ─▶ ID token ─▶ claims ─▶ person ─▶ session
//! ```

mod attempt;
mod claims;
mod discovered;
mod outgoing;
mod provider;

pub(crate) use attempt::Attempt;
pub use claims::{ClaimName, InvalidClaimName, Vouched, WhatClaimsSay};
pub(crate) use provider::Refused;
pub use provider::{OpenIdProvider, OpenIdSettings, UnusableSettings};
