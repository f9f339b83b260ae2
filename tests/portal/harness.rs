//! The browser and the OpenID provider of the tests themselves: what the other tests rely on, and that each check of
//! theirs can fail.

mod accessibility;
mod appearance;
mod console;
mod keyboard;
mod leftovers;
mod looking;
mod provider;
mod site;
