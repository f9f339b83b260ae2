use std::path::PathBuf;

/// The binary under test: `KEYLEDGER_BIN`, or what Cargo built beside this test.
///
/// # Panics
/// Where there is none, with the command that builds it.
#[must_use]
pub fn binary() -> PathBuf {
    let chosen = std::env::var_os("KEYLEDGER_BIN").map(PathBuf::from);
    let path = chosen.unwrap_or_else(|| {
        // A test binary lies in `deps/`, one folder below what it tests; a benchmark beside it.
        let test = std::env::current_exe().expect("a running test has a path");
        let beside = test.with_file_name("keyledger");
        let above = test.parent().and_then(|deps| deps.parent()).map(|folder| folder.join("keyledger"));
        above.filter(|above| above.is_file() || !beside.is_file()).unwrap_or(beside)
    });
    assert!(
        path.is_file(),
        "there is no binary to test at {}: run `cargo build -p keyledger`, or set KEYLEDGER_BIN to one",
        path.display()
    );
    path
}
