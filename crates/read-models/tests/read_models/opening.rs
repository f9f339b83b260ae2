//! Which files are a read model of a log, and what is said of the others.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use super::story::{Story, log, tell};
use keyledger_event_log::LogIdentity;
use keyledger_read_models::{ApplyError, OpenError, PartnerKeys, PartnerKeysReader};
use tempfile::TempDir;
use uuid::Uuid;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("read-models.db");
    (directory, path)
}

fn made(path: &PathBuf) {
    let mut story = Story::new();
    story.create(1, "acme", &["client:read"], None);
    let mut model = PartnerKeys::open(path, log()).expect("a new read model");
    tell(&mut model, &story.events, 1..=1).expect("a creation");
}

#[test]
fn a_new_read_model_is_its_owners_alone() {
    let (_directory, path) = place();
    made(&path);
    let mode = fs::metadata(&path).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_read_model_of_another_log_or_life_is_refused_and_left_as_it_is() {
    let (_directory, path) = place();
    made(&path);
    let another = LogIdentity { log: Uuid::from_u128(1), ..log() };
    let restored = LogIdentity { epoch: 2, ..log() };
    for wanted in [another, restored] {
        let refused = PartnerKeys::open(&path, wanted).map(|_| ()).expect_err("not its log");
        assert!(matches!(refused, OpenError::AnotherLog { .. }), "{refused}");
        assert!(refused.to_string().contains("put the log back that it was made from"), "{refused}");
        let refused = PartnerKeysReader::open(&path, wanted).map(|_| ()).expect_err("not its log");
        assert!(matches!(refused, OpenError::AnotherLog { .. }), "{refused}");
    }
    PartnerKeys::open(&path, log()).expect("its own log");
}

#[test]
fn a_read_model_of_a_later_build_is_refused() {
    let (_directory, path) = place();
    made(&path);
    let db = rusqlite::Connection::open(&path).expect("the file");
    db.pragma_update(None, "user_version", 99).expect("a later schema version");
    drop(db);
    let refused = PartnerKeys::open(&path, log()).map(|_| ()).expect_err("a later build's");
    assert!(matches!(refused, OpenError::Newer { found: 99, .. }), "{refused}");
    let refused = PartnerKeysReader::open(&path, log()).map(|_| ()).expect_err("a later build's");
    assert!(matches!(refused, OpenError::Newer { found: 99, .. }), "{refused}");
}

#[test]
fn a_file_that_is_something_else_is_refused_and_left_as_it_is() {
    let (directory, path) = place();
    let letter =
        b"Dear reader, this is not a database, and it is long enough to be taken for one.".repeat(20);
    fs::write(&path, &letter).expect("a letter");
    let refused = PartnerKeys::open(&path, log()).map(|_| ()).expect_err("a letter");
    assert!(matches!(refused, OpenError::NotAReadModel { .. }), "{refused}");
    assert_eq!(fs::read(&path).expect("the letter"), letter);

    let other = directory.path().join("other.db");
    let db = rusqlite::Connection::open(&other).expect("another database");
    db.execute_batch("CREATE TABLE recipes (name TEXT)").expect("a table");
    drop(db);
    let before = fs::read(&other).expect("the other database");
    let refused = PartnerKeys::open(&other, log()).map(|_| ()).expect_err("another database");
    assert!(matches!(refused, OpenError::NotAReadModel { .. }), "{refused}");
    assert_eq!(fs::read(&other).expect("the other database"), before);
}

#[test]
fn only_the_writer_makes_a_read_model() {
    let (_directory, path) = place();
    let refused = PartnerKeysReader::open(&path, log()).map(|_| ()).expect_err("nothing there");
    assert!(matches!(refused, OpenError::Missing { .. }), "{refused}");
    assert!(!path.exists());
}

#[test]
fn the_rows_can_be_read_while_nobody_writes() {
    let (_directory, path) = place();
    made(&path);
    let reader = PartnerKeysReader::open(&path, log()).expect("a reader");
    assert_eq!(reader.all(None, 10).expect("a step").len(), 1);
    let model = PartnerKeys::open(&path, log()).expect("the writer again");
    assert_eq!(reader.contents(), model.contents());
    assert_eq!(reader.checkpoint().as_ref(), Ok(model.checkpoint()));
}

#[test]
fn a_removed_read_model_leaves_nothing_and_is_made_anew() {
    let (directory, path) = place();
    made(&path);
    PartnerKeys::remove(&path).expect("a removal");
    assert_eq!(fs::read_dir(directory.path()).expect("the directory").count(), 0);
    PartnerKeys::remove(&path).expect("nothing to remove");
    let model = PartnerKeys::open(&path, log()).expect("a new one");
    assert_eq!(*model.checkpoint(), keyledger_event_log::Checkpoint::start());
}

#[test]
fn a_second_writer_on_the_file_is_noticed() {
    let mut story = Story::new();
    story.create(1, "acme", &["client:read"], None);
    story.create(2, "acme", &["client:read"], None);
    let (_directory, path) = place();
    let open = || PartnerKeys::open(&path, log()).expect("a read model");
    let (mut first, mut second) = (open(), open());
    tell(&mut first, &story.events, 1..=2).expect("the first writer");
    // Its checkpoint is behind what the rows hold, so the rows themselves refuse it first.
    tell(&mut second, &story.events, 1..=1).expect_err("the rows hold this event");
    let mut elsewhere = Story::new();
    elsewhere.create(9, "acme", &["client:read"], None);
    assert_eq!(tell(&mut second, &elsewhere.events, 1..=1), Err(ApplyError::AnotherWriter));
}
