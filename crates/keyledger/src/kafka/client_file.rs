//! The file of properties of the Kafka client: the form that everybody who runs Kafka has at hand already.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use anyhow::Context as _;

/// The properties in a file, a line `name=value` each; `#` begins a comment.
///
/// # Errors
/// One sentence, also where others than the owner could read it; it names a line and quotes nothing of it.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let found = fs::metadata(path);
    anyhow::ensure!(
        found.is_ok_and(|found| found.permissions().mode() & 0o077 == 0) || !path.exists(),
        "{}, which may hold passwords for Kafka, can be read by others: chmod 600 it",
        path.display()
    );
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read {}: correct kafka.client_file", path.display()))?;
    parse(&text).map_err(|line| {
        anyhow::anyhow!(
            "{}, line {line}: write name=value, for example security.protocol=SASL_SSL",
            path.display()
        )
    })
}

/// The number of the line that is none.
fn parse(text: &str) -> Result<Vec<(String, String)>, usize> {
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(at, line)| {
            let (name, value) = line.split_once('=').ok_or(at + 1)?;
            let name = name.trim();
            // What else stands there may be a part of a password.
            let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if name.is_empty() || !name.chars().all(fits) {
                return Err(at + 1);
            }
            Ok((name.to_owned(), value.trim().to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_a_value_that_may_hold_anything() {
        let text = "# SASL\n\n security.protocol = SASL_SSL \nsasl.password=a=b #c\nssl.ca.location=\n";
        let expected =
            [("security.protocol", "SASL_SSL"), ("sasl.password", "a=b #c"), ("ssl.ca.location", "")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn a_line_that_is_none_is_named_by_its_number() {
        for text in ["a=b\nhunter2", "a=b\n=hunter2", "a=b\nhunter 2=x", "a=b\nsasl.password:hunter2="] {
            assert_eq!(parse(text), Err(2));
        }
    }
}
