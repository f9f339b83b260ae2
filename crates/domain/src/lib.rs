//! Keys, scopes, their catalogue and events: what may happen to a key, and what it means.
