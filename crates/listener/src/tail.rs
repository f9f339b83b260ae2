//! The last few bytes of a flow of bytes: enough to tell whether something is left over behind a request.

/// The last eight bytes that flowed by, the newest lowest, and how many of them there are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tail {
    bytes: u64,
    len: u32,
}

impl Tail {
    const CAPACITY: u32 = 8;

    /// Lets `more` flow by.
    pub(crate) fn push(&mut self, more: &[u8]) {
        if let Some(last) = more.last_chunk() {
            *self = Self { bytes: u64::from_be_bytes(*last), len: Self::CAPACITY };
        } else {
            for byte in more {
                self.bytes = self.bytes << 8 | u64::from(*byte);
                self.len = Self::CAPACITY.min(self.len + 1);
            }
        }
    }

    /// Whether the flow stopped behind an empty line, as it does behind a head, and behind a chunked body.
    pub(crate) fn ends_with_empty_line(self) -> bool {
        const LF_LF: u64 = 0x0a0a;
        const LF_CR_LF: u64 = 0x0a_0d0a;
        self.bytes & 0xff_ffff == LF_CR_LF || self.bytes & 0xffff == LF_LF
    }

    /// Whether this flow can have stopped where `other`, a part of it, stopped.
    pub(crate) fn ends_like(self, other: Self) -> bool {
        let unknown = u64::BITS - 8 * self.len.min(other.len);
        (self.bytes ^ other.bytes).checked_shl(unknown).unwrap_or(0) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(pieces: &[&str]) -> Tail {
        let mut tail = Tail::default();
        for piece in pieces {
            tail.push(piece.as_bytes());
        }
        tail
    }

    #[test]
    fn an_empty_line_is_seen_however_the_bytes_arrive() {
        assert!(tail(&["GET / HTTP/1.1\r\nhost: a\r\n\r\n"]).ends_with_empty_line());
        assert!(tail(&["GET / HTTP/1.1\r\n", "\r", "\n"]).ends_with_empty_line());
        assert!(tail(&["GET / HTTP/1.1\n", "\n"]).ends_with_empty_line());
        assert!(!tail(&["GET / HTTP/1.1\r\n"]).ends_with_empty_line());
        assert!(!tail(&["GET / HTTP/1.1\r\n\r\n", "G"]).ends_with_empty_line());
        assert!(!tail(&[]).ends_with_empty_line());
    }

    #[test]
    fn a_body_that_was_read_to_its_end_ends_like_the_bytes_it_came_in() {
        assert!(tail(&["POST / HTTP/1.1\r\n\r\n{\"key\":", "\"a\"}"]).ends_like(tail(&["{\"key\":\"a\"}"])));
        assert!(tail(&["POST / HTTP/1.1\r\n\r\n{}"]).ends_like(tail(&["{", "}"])));
        assert!(!tail(&["POST / HTTP/1.1\r\n\r\n{}GET"]).ends_like(tail(&["{}"])));
        assert!(!tail(&["{\"key\":\"a\"}GET / "]).ends_like(tail(&["{\"key\":\"a\"}"])));
    }
}
