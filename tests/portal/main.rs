//! The portal: what people see and do there, in a real browser, and what attackers cannot.
#![allow(clippy::disallowed_methods, reason = "tests measure real time, and look for themselves")]

mod accessible;
mod attacks;
mod developer;
mod emergency;
mod harness;
mod headers;
mod many_keys;
mod openid;
mod password;
mod scene;
mod scopes;
mod stale;
