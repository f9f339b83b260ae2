//! Request targets that hold a fragment.
//!
//! A target has none (RFC 9112, section 3.2), but the parser takes one, and drops it with all that follows. A gateway that puts
//! parameters of its own behind its caller's query would lose them to a `#` in that. So the bytes are looked at before they are
//! parsed.

/// Looks for a `#` in the request lines of a flow of bytes.
///
/// The first line after a moment in which nothing was left over is known exactly, however its bytes arrive. Where a further
/// request came before the answer to the one before, nobody knows here where it begins: its target counts as holding a `#` if
/// there was one in anything since that moment. Only a client that pipelines more requests than actix takes at a time can hide
/// one, and only in a request that it has written itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TargetWatch {
    line: Line,
    in_line: bool,
    anywhere: bool,
    /// Whether the first head has ended.
    further: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Line {
    /// Nothing has come but empty lines, which may precede a head.
    #[default]
    Before,
    Within,
    Behind,
}

impl TargetWatch {
    /// Lets `bytes` flow by.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.anywhere |= bytes.contains(&b'#');
        let mut rest = bytes;
        if self.line == Line::Before {
            let Some(begin) = rest.iter().position(|byte| !matches!(byte, b'\r' | b'\n')) else { return };
            rest = &rest[begin..];
            self.line = Line::Within;
        }
        if self.line == Line::Within {
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                rest = &rest[..end];
                self.line = Line::Behind;
            }
            self.in_line |= self.anywhere && rest.contains(&b'#');
        }
    }

    /// A head has ended. Returns whether there may be a `#` in its target.
    pub(crate) fn end_head(&mut self) -> bool {
        if std::mem::replace(&mut self.further, true) { self.anywhere } else { self.in_line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(pieces: &[&str]) -> TargetWatch {
        let mut watch = TargetWatch::default();
        for piece in pieces {
            watch.push(piece.as_bytes());
        }
        watch
    }

    #[test]
    fn a_fragment_is_seen_however_the_bytes_arrive() {
        assert!(watch(&["GET /?x=#&y HTTP/1.1\r\n\r\n"]).end_head());
        assert!(watch(&["GET /?x=", "#", "&y HTTP/1.1\r\n", "\r\n"]).end_head());
        assert!(watch(&["\r", "\n\r\nGET /", "?x=#&y HTTP/1.1\n\n"]).end_head());
    }

    #[test]
    fn what_is_behind_the_first_line_is_no_target() {
        assert!(!watch(&["GET / HTTP/1.1\r\nx-note: #\r\n\r\n"]).end_head());
        assert!(!watch(&["POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\n", "#"]).end_head());
    }

    #[test]
    fn a_further_request_is_suspect_if_a_number_sign_came_with_it() {
        let mut clean = watch(&["GET / HTTP/1.1\r\n\r\nGET /?x HTTP/1.1\r\n\r\n"]);
        assert_eq!([clean.end_head(), clean.end_head()], [false, false]);
        let mut suspect = watch(&["GET / HTTP/1.1\r\n\r\nGET /?x=# HTTP/1.1\r\n\r\n"]);
        assert_eq!([suspect.end_head(), suspect.end_head()], [false, true]);
    }
}
