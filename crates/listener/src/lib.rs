//! Listens with guarded connections: deadlines, limits, TLS that reloads.
