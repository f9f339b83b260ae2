//! Which databases hold lists of a log, and what is said of the others.

use keyledger_event_log::LogIdentity;
use keyledger_read_models::{Database, OpenError, PartnerKeys, PartnerKeysReader};

use super::place::{Place, in_a_file, many};
use super::story::{log, tell};
use crate::{SERVER, parsed};

#[test]
fn only_a_writer_makes_lists_and_those_of_another_log_are_refused_and_left_as_they_are() {
    let (story, place) = (many(2), Place::new());
    let refused = PartnerKeysReader::open_in(&place.database, log()).map(|_| ()).expect_err("nothing there");
    assert!(matches!(refused, OpenError::Missing { .. }), "{refused}");
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=2).expect("creations");
    drop(model);
    let restored = LogIdentity { epoch: 2, ..log() };
    let refused = PartnerKeys::open_in(&place.database, restored).map(|_| ()).expect_err("not its log");
    assert!(matches!(refused, OpenError::AnotherLog { .. }), "{refused}");
    let refused = PartnerKeysReader::open_in(&place.database, restored).map(|_| ()).expect_err("not its log");
    assert!(matches!(refused, OpenError::AnotherLog { .. }), "{refused}");
    assert_eq!(place.open().contents().expect("contents"), in_a_file(&story, 2));
}

#[test]
fn lists_of_a_later_build_are_refused() {
    let place = Place::new();
    drop(place.open());
    place.run(
        "INSERT INTO keyledger_lists.migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'later', true, '', 0)",
    );
    let refused = PartnerKeys::open_in(&place.database, log()).map(|_| ()).expect_err("a later build's");
    assert!(matches!(refused, OpenError::Newer { found: 99, .. }), "{refused}");
    let refused =
        PartnerKeysReader::open_in(&place.database, log()).map(|_| ()).expect_err("a later build's");
    assert!(matches!(refused, OpenError::Newer { found: 99, .. }), "{refused}");
}

#[test]
fn of_writers_that_start_at_once_on_nothing_each_finds_the_tables() {
    let place = Place::new();
    let models: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| place.open())).collect();
        starts.into_iter().map(|start| start.join().expect("no panic")).collect()
    });
    assert_eq!(models.len(), 4);
}

#[test]
fn roles_with_no_more_rights_than_the_docs_say_write_and_read() {
    let (story, place) = (many(4), Place::new());
    drop(place.open());
    let [writes, reads] = ["writes", "reads"].map(|what| format!("{what}_{}", place.name));
    place.run(&format!(
        "CREATE ROLE {writes} LOGIN; CREATE ROLE {reads} LOGIN;
         GRANT USAGE ON SCHEMA keyledger_lists TO {writes}, {reads};
         GRANT SELECT ON ALL TABLES IN SCHEMA keyledger_lists TO {writes}, {reads};
         GRANT INSERT, UPDATE, DELETE ON keyledger_lists.partner_keys, keyledger_lists.partners,
             keyledger_lists.prefixes, keyledger_lists.streams, keyledger_lists.checkpoint TO {writes}"
    ));
    let by = |role: &str| {
        let url = SERVER.get().url(&place.name).replace("tester@", &format!("{role}@"));
        Database::new(parsed(&url)).expect("a thread")
    };
    let mut model = PartnerKeys::open_in(&by(&writes), log()).expect("it may write");
    tell(&mut model, &story.events, 1..=4).expect("creations");
    let reader = PartnerKeysReader::open_in(&by(&reads), log()).expect("it may read");
    assert_eq!(reader.contents().expect("contents"), in_a_file(&story, 4));
    PartnerKeys::open_in(&by(&reads), log()).map(|_| ()).expect("to look is no writing");
}
