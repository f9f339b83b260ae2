//! Last uses in a database: every process brings what it saw, and the latest stays.

use keyledger_domain::{Prefix, Timestamp};
use keyledger_read_models::{LastUsedError, LastUsedReader, LastUsedTable};

use super::place::Place;

fn prefix(number: usize) -> Prefix {
    Prefix::parse(format!("P{number:07}").as_bytes()).expect("a prefix")
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a moment")
}

#[test]
fn of_what_two_processes_saw_the_later_minute_stays() {
    let place = Place::new();
    let reader = LastUsedReader::in_database(&place.database);
    let refused = reader.last_used(&[prefix(1)]).expect_err("nothing there");
    assert!(matches!(refused, LastUsedError::Unavailable(_)), "{refused}");
    let open = || LastUsedTable::open_in(&place.database).expect("the table");
    let (mut first, mut second) = (open(), open());
    let [early, late] = ["2027-01-15T08:00:00Z", "2027-01-15T08:05:00Z"].map(at);
    first.record(vec![(prefix(1), late), (prefix(1), early), (prefix(2), early)]).expect("room");
    second.record(vec![(prefix(1), early), (prefix(2), late.plus_seconds(30))]).expect("room");
    let told = reader.last_used(&[prefix(2), prefix(3), prefix(1), prefix(2)]).expect("an answer");
    assert_eq!(told, [Some(late), None, Some(late), Some(late)], "in the order asked");
}

#[test]
fn a_table_whose_connection_was_cut_takes_the_same_with_the_next_writing() {
    let place = Place::new();
    let mut table = LastUsedTable::open_in(&place.database).expect("the table");
    let now = at("2027-01-15T08:00:00Z");
    place.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    table.record(vec![(prefix(1), now)]).expect_err("it was cut");
    table.record(vec![(prefix(1), now)]).expect("a new connection");
    let told = LastUsedReader::in_database(&place.database).last_used(&[prefix(1)]);
    assert_eq!(told.expect("an answer"), [Some(now)]);
}
