//! The table of last uses: to the minute, only forward, and never worth stopping for.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use keyledger_domain::{Prefix, Timestamp};
use keyledger_read_models::{LastUsedError, LastUsedReader, LastUsedTable};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("last-used.db");
    (directory, path)
}

fn prefix(number: usize) -> Prefix {
    Prefix::parse(format!("P{number:07}").as_bytes()).expect("a prefix")
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a moment")
}

#[test]
fn a_use_is_kept_to_the_minute_and_still_there_when_the_table_is_opened_again() {
    let (_directory, path) = place();
    let mut table = LastUsedTable::open(&path).expect("a new table");
    let used = vec![(prefix(2), at("2027-01-15T08:00:59.999Z")), (prefix(1), at("2027-01-15T08:01:00Z"))];
    table.record(used).expect("room");
    drop(table);
    drop(LastUsedTable::open(&path).expect("the table again"));
    let told = LastUsedReader::new(&path).last_used(&[prefix(1), prefix(2), prefix(3), prefix(2)]);
    let [first, second] = ["2027-01-15T08:01:00Z", "2027-01-15T08:00:00Z"].map(at);
    assert_eq!(
        told.expect("an answer"),
        [Some(first), Some(second), None, Some(second)],
        "in the order asked"
    );
}

#[test]
fn time_never_goes_back() {
    let (_directory, path) = place();
    let mut table = LastUsedTable::open(&path).expect("a new table");
    let reader = LastUsedReader::new(&path);
    let later = at("2027-01-15T08:05:00Z");
    for (recorded, told) in [
        (later, later),
        (at("2027-01-15T08:04:00Z"), later),
        (later, later),
        (at("2027-01-15T08:06:30Z"), at("2027-01-15T08:06:00Z")),
    ] {
        table.record(vec![(prefix(1), recorded)]).expect("room");
        assert_eq!(reader.last_used(&[prefix(1)]).expect("an answer"), [Some(told)]);
    }
}

#[test]
fn the_file_is_its_owners_alone_and_a_row_of_it_is_short() {
    let (directory, path) = place();
    let mut table = LastUsedTable::open(&path).expect("a new table");
    let now = at("2027-01-15T08:00:00Z");
    table.record((0..10_000).map(|number| (prefix(number), now)).collect()).expect("room");
    for file in fs::read_dir(directory.path()).expect("the directory") {
        let file = file.expect("a file");
        let mode = file.metadata().expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
    }
    drop(table);
    let bytes = fs::metadata(&path).expect("the file").len();
    assert!(bytes < 10_000 * 32, "{bytes}");
}

#[test]
fn a_damaged_table_is_told_as_such_and_can_be_made_anew() {
    let (directory, path) = place();
    let mut table = LastUsedTable::open(&path).expect("a new table");
    let now = at("2027-01-15T08:00:00Z");
    let many = || (0..10_000).map(|number| (prefix(number), now)).collect::<Vec<_>>();
    table.record(many()).expect("room");
    drop(table);
    let whole = fs::read(&path).expect("the file");

    fs::write(&path, "no database".repeat(1_000)).expect("a damaged file");
    let refused = LastUsedTable::open(&path).map(|_| ()).expect_err("no database");
    assert!(matches!(refused, LastUsedError::Damaged(_)), "{refused}");

    let mut broken = whole;
    broken[4_096 * 2..].fill(0xff);
    fs::write(&path, broken).expect("a damaged file");
    let mut table = LastUsedTable::open(&path).expect("its first pages are whole");
    let later = many().into_iter().map(|(prefix, at)| (prefix, at.plus_seconds(60))).collect();
    let refused = table.record(later).expect_err("damaged pages");
    assert!(matches!(refused, LastUsedError::Damaged(_)), "{refused}");
    drop(table);

    LastUsedTable::remove(&path).expect("it can be removed");
    assert_eq!(fs::read_dir(directory.path()).expect("the directory").count(), 0);
    LastUsedTable::open(&path).expect("a new one").record(many()).expect("room");
}

#[test]
fn another_database_and_a_later_builds_are_refused_and_left_as_they_are() {
    let (directory, path) = place();
    drop(LastUsedTable::open(&path).expect("a new table"));
    let db = rusqlite::Connection::open(&path).expect("the file");
    db.pragma_update(None, "user_version", 99).expect("a later schema version");
    drop(db);
    let refused = LastUsedTable::open(&path).map(|_| ()).expect_err("a later build's");
    assert!(matches!(refused, LastUsedError::Newer { found: 99, .. }), "{refused}");

    let other = directory.path().join("other.db");
    let db = rusqlite::Connection::open(&other).expect("another database");
    db.execute_batch("CREATE TABLE recipes (name TEXT)").expect("a table");
    drop(db);
    let before = fs::read(&other).expect("the other database");
    let refused = LastUsedTable::open(&other).map(|_| ()).expect_err("another database");
    assert!(matches!(refused, LastUsedError::NotOurs), "{refused}");
    assert_eq!(fs::read(&other).expect("the other database"), before);
}

#[test]
fn a_table_that_is_not_there_yet_answers_once_it_is() {
    let (_directory, path) = place();
    let reader = LastUsedReader::new(&path);
    let refused = reader.last_used(&[prefix(1)]).expect_err("nothing there");
    assert!(matches!(refused, LastUsedError::Unavailable(_)), "{refused}");
    assert!(!path.exists(), "only the writer makes it");
    let _table = LastUsedTable::open(&path).expect("a new table");
    assert_eq!(reader.last_used(&[prefix(1)]).expect("an answer"), [None]);
}

#[test]
fn an_answer_does_not_wait_for_a_writing() {
    let (_directory, path) = place();
    let mut table = LastUsedTable::open(&path).expect("a new table");
    let now = at("2027-01-15T08:00:00Z");
    table.record(vec![(prefix(1), now)]).expect("room");
    let mut writer = rusqlite::Connection::open(&path).expect("the file");
    let writing = writer.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
    let writing = writing.expect("the right to write");
    writing.execute("UPDATE last_used SET minute = minute + 1", ()).expect("a row");
    assert_eq!(LastUsedReader::new(&path).last_used(&[prefix(1)]).expect("an answer"), [Some(now)]);
}
