//! What every page has in common: who visits, what a form must carry, how answers look.

pub(crate) mod answer;
pub(crate) mod assets;
pub(crate) mod cookie;
pub(crate) mod finish;
pub(crate) mod form;
pub(crate) mod safe;
pub(crate) mod visit;
