use std::path::{Path, PathBuf};

/// The folder that Cargo builds into: a profile's folder lies in it, and binaries in that one or in its `deps/`.
pub(crate) fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let folder = test.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    folder.and_then(Path::parent).expect("a profile's folder lies in another").to_owned()
}
