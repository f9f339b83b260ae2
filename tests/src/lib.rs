//! What every theme of tests shares.
