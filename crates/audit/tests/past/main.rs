//! The past, against the plainest way there is to tell it: going through everything from the beginning.

mod compared;
mod damaged;
mod explained;
mod sparse;
mod story;
