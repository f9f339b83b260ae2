//! The validator from outside: events go in, requests are judged, in memory and over HTTP.

mod answers;
mod catalogue;
mod faults;
mod fixture;
mod last_used;
mod management;
mod measuring;
mod model;
mod races;
mod silence;
mod snapshots;
mod verify;
