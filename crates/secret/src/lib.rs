//! The plain-text secret of a key: mint, parse, checksum, derive the verifier.
