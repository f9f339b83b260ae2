//! Judges every request from memory: key index, throttle buckets, verdicts, the authentication API.
