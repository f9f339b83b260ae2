//! What comes from elsewhere is shown so that it can be nothing but text: a terminal obeys control characters.

/// The text with a space in place of every control character.
pub(crate) fn clean(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The text as one line, each run of white space one space.
pub(crate) fn one_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_elsewhere_moves_the_cursor() {
        assert_eq!(clean("a\u{1b}[2Jb\u{9b}c\nd"), "a [2Jb c d");
        assert_eq!(one_line("a\n  b\t\tc\r\n"), "a b c");
    }
}
