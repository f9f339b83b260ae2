use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian keeps the programs of each version apart, and out of the way.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Where the programs of the newest PostgreSQL of this machine are.
///
/// # Panics
/// Where there is none, with what brings it: a test that needs it fails, and never passes in silence.
pub(super) fn folder() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    versions.sort_by_key(|folder| {
        let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        std::cmp::Reverse(version.and_then(|version| version.parse::<u32>().ok()))
    });
    let found = versions
        .into_iter()
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file());
    found.expect(
        "there is no PostgreSQL server; `make testsetup` installs it, as does `apt-get install postgresql`",
    )
}

/// A command line that runs one of them. They refuse root, so there they run as their own user.
pub(super) fn line(program: &str, arguments: &[&str]) -> Vec<String> {
    let program = folder().join(program).to_string_lossy().into_owned();
    let as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];
    let before = if is_root() { as_user.as_slice() } else { &[] };
    before
        .iter()
        .map(|word| (*word).to_owned())
        .chain([program])
        .chain(arguments.iter().map(|it| (*it).to_owned()))
        .collect()
}

/// Gives a folder to the user that they run as.
pub(super) fn hand_over(folder: &Path) {
    if is_root() {
        let done = Command::new("chown").arg("-R").arg("postgres:postgres").arg(folder).status();
        assert!(done.expect("there is chown").success(), "the folder cannot be handed over");
    }
}

/// Runs a command line to its end.
///
/// # Panics
/// Where it fails, with what it said.
#[track_caller]
pub(super) fn run(line: &[String]) -> String {
    let ran = Command::new(&line[0]).args(&line[1..]).current_dir("/").output().expect("it starts");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{line:?}: {said}{}", String::from_utf8_lossy(&ran.stderr));
    said
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
