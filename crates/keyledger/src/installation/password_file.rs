use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use anyhow::{Context as _, ensure};
use zeroize::Zeroizing;

/// The password that stands in a file, without the end of its line.
///
/// # Errors
/// One sentence, where it cannot be read, says nothing, or others could read it.
pub(crate) fn read(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let named = || format!("cannot read log.password_file, {}", path.display());
    let mode = fs::metadata(path).with_context(named)?.permissions().mode();
    ensure!(mode & 0o077 == 0, "{} can be read by others: chmod 600 it", path.display());
    let text = Zeroizing::new(fs::read_to_string(path).with_context(named)?);
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    ensure!(!password.is_empty(), "{} is empty: write the password into it", path.display());
    Ok(Zeroizing::new(password.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn a_password_is_read_from_a_file_that_nobody_else_can_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("password");
        let with = |text: &str, mode| {
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("permissions");
            read(&path).map(|password| password.to_string()).map_err(|error| error.to_string())
        };
        assert_eq!(with("open sesame\n", 0o600), Ok("open sesame".to_owned()));
        assert!(with("", 0o600).is_err_and(|why| why.contains("is empty")));
        let refused = with("open sesame", 0o640).expect_err("others can read it");
        assert!(refused.contains("chmod 600") && !refused.contains("sesame"), "{refused}");
        assert!(read(&directory.path().join("none")).is_err());
    }
}
