//! An installation: a log, the keyring that belongs to it, and the directory they are used from.

mod begin;
mod draft;
mod log;
mod models;
mod open;
mod operator_key;
mod password_file;
mod people;
mod witnesses;

pub(crate) use begin::{Begun, begin};
pub(crate) use log::LogPlace;
pub(crate) use models::ModelsPlace;
pub(crate) use open::{HeldKeyring, Installation, ReadOnly, index_config};
pub(crate) use operator_key::{
    OPERATOR_KEY, create_operator_key, offline_service, operator_request, write_operator_key,
};
pub(crate) use people::{Moved, PeoplePlace, keys as people_keys};
pub(crate) use witnesses::confirm_witnesses;
