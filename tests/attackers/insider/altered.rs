//! Events that were recorded, and then changed.

use rusqlite::Connection;

use super::scene::{CREATED, NARROWED, OTHER_CREATED, RENAMED, Scene};

#[track_caller]
fn run(log: &Connection, statement: &str) {
    log.execute_batch(statement).expect("whoever has the file can change it");
}

/// Exchanges a column of two events. A name that must be unique goes by way of a third value.
#[track_caller]
fn swap(log: &Connection, columns: &[&str], [one, other]: [i64; 2]) {
    run(log, "CREATE TEMP TABLE kept AS SELECT * FROM events");
    for (to, from) in [(one, other), (other, one)] {
        for column in columns {
            run(
                log,
                &format!(
                    "UPDATE events SET {column} = (SELECT {column} FROM kept WHERE position = {from}) WHERE position = {to}"
                ),
            );
        }
    }
}

#[test]
fn widened_scopes_are_noticed() {
    let words = ["position 6", "forged or altered"];
    let widen = |log: &Connection| {
        let public: Vec<u8> = log
            .query_row("SELECT public FROM events WHERE position = ?", [NARROWED], |row| row.get(0))
            .expect("the event that took a scope");
        let public = String::from_utf8(public).expect("JSON is text");
        let widened = public.replace(r#"["client:read"]"#, r#"["client:read","site:write"]"#);
        assert_ne!(widened, public);
        let update = "UPDATE events SET public = ? WHERE position = ?";
        log.execute(update, (widened.as_bytes(), NARROWED)).expect("the table can be written");
    };
    Scene::new().notices(widen, &words, &words);
}

#[test]
fn an_exchanged_code_is_noticed() {
    let words = ["position 5", "forged or altered"];
    let exchange = |log: &Connection| {
        run(log, "UPDATE events SET mac = (SELECT mac FROM events WHERE position = 4) WHERE position = 5");
    };
    Scene::new().notices(exchange, &words, &words);
}

#[test]
fn two_events_of_a_stream_that_change_their_positions_are_noticed() {
    let swap_positions = |log: &Connection| {
        run(
            log,
            "UPDATE events SET position = 1000 WHERE position = 5;
                  UPDATE events SET position = 5 WHERE position = 6;
                  UPDATE events SET position = 6 WHERE position = 1000",
        );
    };
    let words = ["position 5", "revision 2", "events were taken out or put in"];
    Scene::new().notices(swap_positions, &words, &words);
}

#[test]
fn two_events_of_a_stream_that_change_their_content_are_noticed() {
    let words = ["position 5", "events were moved"];
    let exchange = |log: &Connection| swap(log, &["public", "private", "mac"], [RENAMED, NARROWED]);
    Scene::new().notices(exchange, &words, &words);
}

#[test]
fn exchanged_private_parts_are_noticed() {
    let words = ["position 4", "its private part was altered"];
    let exchange = |log: &Connection| swap(log, &["private"], [CREATED, OTHER_CREATED]);
    Scene::new().notices(exchange, &words, &words);
}

#[test]
fn an_event_that_is_given_to_another_stream_is_noticed() {
    // The revocation of the one key, as if it had been said of nobody's.
    let words = ["position 8", "events were moved"];
    let give = |log: &Connection| {
        run(
            log,
            "UPDATE events SET stream = 'key-00000000-0000-7000-8000-000000000000', revision = 0 WHERE position = 8",
        );
    };
    Scene::new().notices(give, &words, &words);
}
