use std::{fs, io, path::Path};

use anyhow::{anyhow, bail};
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

/// The management key in a file, one line, as a header that is never printed.
pub(super) fn read(path: &Path) -> anyhow::Result<HeaderValue> {
    let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow!(
            "there is no management key at {}: run this where `keyledger serve` was started, or set client.key_file",
            path.display()
        ),
        _ => anyhow!("cannot read the management key {}: {error}", path.display()),
    })?;
    // Editors end a file with a line feed; a key has none.
    let key = text.trim_end_matches(['\n', '\r']);
    let mut header = HeaderValue::from_str(key).ok().filter(|_| !key.is_empty()).ok_or(()).or_else(|()| {
        bail!(
            "{} does not hold a management key alone on its line: correct it, or set client.key_file",
            path.display()
        )
    })?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_alone_on_its_line_and_is_never_printed() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), "hunter2\n").expect("written");
        let header = read(file.path()).expect("a key");
        assert_eq!(header.as_bytes(), b"hunter2");
        assert!(!format!("{header:?}").contains("hunter2"));
        for bad in ["", "\n", "hunter2\nhunter3\n"] {
            fs::write(file.path(), bad).expect("written");
            let error = read(file.path()).expect_err("no key").to_string();
            assert!(!error.contains("hunter"), "{error}");
        }
        let error = read(Path::new("no-such-file")).expect_err("no file").to_string();
        assert!(error.contains("set client.key_file"), "{error}");
    }
}
