//! The two read models as projections of the log, and the commands that look at them and make them anew.

mod beside;
mod key_index;
mod model;
mod partner_keys;
mod past;
pub(crate) mod rebuild;
pub(crate) mod status;
pub(crate) mod told;

pub(crate) use key_index::KeyIndexProjection;
pub(crate) use partner_keys::PartnerKeysProjection;
pub(crate) use past::PastProjection;
