//! Finds the attributes of a Rust source that silence something, and whether they say why.

/// The attributes of `text` that silence a lint or a test without a reason, as (line from 1, attribute).
pub(super) fn without_reason(text: &str) -> Vec<(usize, String)> {
    let mut rest = text.lines().enumerate();
    let mut found = Vec::new();
    while let Some((number, line)) = rest.next() {
        let line = line.trim();
        if !line.starts_with("#[") && !line.starts_with("#![") {
            continue;
        }
        let mut attribute = line.to_owned();
        while !is_closed(&attribute) {
            let Some((_, more)) = rest.next() else { break };
            attribute.push(' ');
            attribute.push_str(more.trim());
        }
        if silences(&attribute) && !says_why(&attribute) {
            found.push((number + 1, attribute));
        }
    }
    found
}

/// Whether the attribute's brackets are all closed; brackets within its strings are rare enough to be told apart by eye.
fn is_closed(attribute: &str) -> bool {
    attribute.matches('[').count() <= attribute.matches(']').count()
}

fn silences(attribute: &str) -> bool {
    let bare = attribute.trim_start_matches(['#', '!', '[']);
    bare.starts_with("ignore") || ["allow(", "expect("].iter().any(|silencer| has_word(bare, silencer))
}

/// Whether `word` stands in `text` as a word of its own, as `allow(` does in `cfg_attr(test, allow(dead_code))`.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

fn says_why(attribute: &str) -> bool {
    attribute.contains("reason = \"") || attribute.contains("ignore = \"")
}

mod can_fail {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        without_reason(text).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn a_silenced_lint_or_test_without_a_reason_is_found() {
        for bad in [
            "#[allow(dead_code)]",
            "#![allow(dead_code)]",
            "  #[expect(clippy::all)]",
            "#[cfg_attr(test, allow(dead_code))]",
            "#[ignore]",
            "#[allow(\n    dead_code,\n)]\nfn f() {}",
        ] {
            assert_eq!(lines(&format!("//! Why.\n{bad}\n")), [2], "{bad}");
        }
    }

    #[test]
    fn a_reason_is_enough_also_on_a_line_of_its_own() {
        for good in [
            "#[allow(dead_code, reason = \"read by the macro\")]",
            "#[expect(\n    clippy::all,\n    reason = \"why\"\n)]",
            "#[ignore = \"needs a broker\"]",
            "#[derive(Debug)]",
            "#[doc = \"disallow(x)\"]",
            "let x = y.expect(\"it is there\");",
        ] {
            assert_eq!(lines(good), [0; 0], "{good}");
        }
    }
}
