//! What clients do to a listener, and what it does then: over real sockets, plain and through TLS.

mod bodies;
mod certificates;
mod connections;
mod crowds;
mod heads;
mod load;
mod malformed;
mod metrics;
mod support;
