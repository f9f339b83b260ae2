use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::fetched::fetched;

/// What is fetched.
const POM: &str = include_str!("../../kafka/pom.xml");

/// What to do where Kafka cannot be had, in one line.
pub(super) const REMEDY: &str =
    "this test runs a real Kafka: `sudo apt-get install -y default-jre-headless maven`, or run `make test`";

/// Kafka's class path.
///
/// # Panics
/// Where it cannot be fetched, with what to do.
pub(super) fn class_path() -> String {
    format!("{}/*", fetched("kafka", POM, fetch).display())
}

fn fetch(folder: &Path) {
    fs::write(folder.join("pom.xml"), POM).expect("a file for Maven");
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=."]);
    let output = maven.current_dir(folder).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("there is no mvn ({error}); {REMEDY}"));
    assert!(
        output.status.success(),
        "Kafka cannot be fetched: is Maven Central in reach? Maven says: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
