//! What clients do to a listener, and what it does then: over real sockets, plain and through TLS.

mod bodies;
mod certificates;
mod connections;
mod heads;
mod load;
mod metrics;
mod support;
