//! The workspace as the tests see it: what Cargo says of its packages, and the text of its files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Directories that are made by building and running, and that no rule is about.
const NOT_OURS: &[&str] = &[".git", "target", "keyledger-data", "node_modules"];

/// A text file of the project.
pub(super) struct Source {
    /// Its path from the top of the project, with `/` between the parts.
    pub(super) path: String,
    /// All of it.
    pub(super) text: String,
}

/// The packages of the workspace.
pub(super) fn packages_of_ours() -> BTreeSet<String> {
    cargo_tree(&["--workspace", "--depth", "0"])
}

/// Every package that `package` reaches through normal dependencies, itself included, with the features that it alone
/// asks for: over the whole workspace features unite, and a crate would answer for its neighbours.
pub(super) fn reached_by(package: &str) -> BTreeSet<String> {
    cargo_tree(&["-p", package])
}

fn cargo_tree(which: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        // What a procedural macro is made with runs while building, and is not reached by what the macro writes.
        .args(["tree", "--locked", "--offline", "-e", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"])
        .args(which)
        .current_dir(top())
        .output()
        .expect("cargo starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree {which:?} failed: {errors}");
    let lines = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    // A line is `name v1.2.3`, with a path or `(*)` behind it; blank lines stand between the packages of a workspace.
    lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Every text file of the project, in the order of their paths.
pub(super) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&top(), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(directory: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).expect("a directory of the project can be listed") {
        let path = entry.expect("a directory entry can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if NOT_OURS.contains(&name) || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            // What is not UTF-8 is a picture, and has no lines to judge.
            let path =
                path.strip_prefix(top()).expect("it lies under the top").to_string_lossy().into_owned();
            found.push(Source { path, text });
        }
    }
}

/// The top of the project: the folder that holds `tests/`.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the project").to_owned()
}
