use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::target::target;

/// What is fetched. It names the folder too, so that another version is fetched anew.
const POM: &str = include_str!("../../kafka/pom.xml");

/// What to do where Kafka cannot be had, in one line.
pub(super) const REMEDY: &str =
    "this test runs a real Kafka: `sudo apt-get install -y default-jre-headless maven`, or run `make test`";

/// Kafka's class path; fetched by the first test that asks, and kept with what Cargo builds.
///
/// # Panics
/// Where it cannot be fetched, with what to do.
pub(super) fn class_path() -> String {
    let kafka = target().join("kafka");
    let jars = kafka.join(&blake3::hash(POM.as_bytes()).to_hex()[..8]);
    if !jars.is_dir() {
        fetch(&kafka, &jars);
    }
    format!("{}/*", jars.display())
}

/// Fetches the jars beside where they belong and moves them there as a whole: what is there is complete. Others that
/// want them too, in this process or another, wait at the lock.
fn fetch(kafka: &Path, jars: &Path) {
    fs::create_dir_all(kafka).expect("a folder for Kafka");
    let lock = File::create(kafka.join("lock")).expect("a file to lock");
    lock.lock().expect("a lock on it");
    if jars.is_dir() {
        return;
    }
    let half = kafka.join("half-fetched");
    let _ = fs::remove_dir_all(&half);
    fs::create_dir(&half).expect("a folder for what is on its way");
    fs::write(half.join("pom.xml"), POM).expect("a file for Maven");
    let mut maven = Command::new("mvn");
    maven.args([
        "-q",
        "-B",
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        "-DoutputDirectory=jars",
    ]);
    let output = maven.current_dir(&half).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("there is no mvn ({error}); {REMEDY}"));
    assert!(
        output.status.success(),
        "Kafka cannot be fetched: is Maven Central in reach? Maven says: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    fs::rename(half.join("jars"), jars).expect("the jars can be moved");
    let _ = fs::remove_dir_all(&half);
}
