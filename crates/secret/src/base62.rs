/// The digits, in the order of their values.
pub(crate) const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The digits that a prefix may begin with: the letters.
pub(crate) const LETTERS: &[u8] = DIGITS.split_at(10).1;
