use std::path::PathBuf;

/// Where a program lies that the tests need.
///
/// # Panics
/// Where there is none, with what brings it: a test that needs it fails, and never passes in silence.
pub(crate) fn needed(program: &str, remedy: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("there is no {program}; {remedy}"))
}
