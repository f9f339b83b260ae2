//! A real, headless Chromium for the tests of the portal: what a person sees and does there, and what the console says
//! meanwhile.
//!
//! ```no_run
//! use keyledger_tests::{Browser, Key};
//!
//! let browser = Browser::open();
//! browser.goto("http://127.0.0.1:8080/");
//! browser.fill("User name", "ada");
//! browser.press(Key::Enter);
//! browser.wait_until_says("Developer");
//! assert_eq!(browser.accessibility_faults(), [""; 0]);
//! assert_eq!(browser.console_faults(), [""; 0]);
//! ```
//!
//! What is looked for is waited for, so that no test sleeps. What does not come within 15 s fails the test at its line,
//! with the page's address, its visible text and its console; whatever looks like a secret is left out of that.
//! A browser costs half a second and 200 MB; its profile is its own, so that two of them are two people.

mod accessibility;
mod acting;
mod appearance;
mod capabilities;
mod command;
mod console;
mod driver;
mod failure;
mod finding;
mod keyboard;
mod redacted;
mod seeing;
mod session;
mod state;
mod tabs;

pub use fantoccini::key::Key;
pub use session::Browser;
pub use tabs::Tab;
