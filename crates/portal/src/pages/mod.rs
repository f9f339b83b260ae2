//! The pages, one operation a file: what is shown, what a form asks for, what becomes of it.

pub(crate) mod change_password;
pub(crate) mod create_key;
pub(crate) mod developer;
mod dialog;
pub(crate) mod edit_scopes;
pub(crate) mod emergency;
pub(crate) mod end_overlap;
mod fields;
pub(crate) mod history;
pub(crate) mod home;
mod key_row;
mod layout;
mod moment;
pub(crate) mod openid;
pub(crate) mod partners;
pub(crate) mod regenerate_key;
pub(crate) mod rename_key;
mod reveal;
pub(crate) mod revoke_key;
mod scope_picker;
pub(crate) mod set_up;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod team;

pub(crate) use layout::notice;
