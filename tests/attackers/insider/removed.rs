//! Events that were recorded, and are gone.

use keyledger_tests::Terminal;
use rusqlite::Connection;

use super::scene::{LAST_CREATED, LAST_REVOKED, Models, NARROWED, OTHER_REVOKED, Scene};

fn delete(log: &Connection, position: i64) {
    let deleted = log.execute("DELETE FROM events WHERE position = ?", [position]);
    assert_eq!(deleted.expect("the table can be written"), 1);
}

/// Takes an event out and moves those behind it up, so that the order is dense again.
fn delete_and_renumber(log: &Connection, position: i64) {
    delete(log, position);
    for behind in position + 1..=LAST_REVOKED {
        let moved = log.execute("UPDATE events SET position = position - 1 WHERE position = ?", [behind]);
        assert_eq!(moved.expect("the table can be written"), 1);
    }
}

#[test]
fn an_event_taken_out_of_the_middle_leaves_a_gap_that_is_noticed() {
    let words = ["events are missing", "after position 5 the log continues at 7"];
    Scene::new().notices(|log| delete(log, NARROWED), &words, &words);
}

#[test]
fn a_revocation_taken_out_of_the_middle_leaves_a_gap_that_is_noticed() {
    let words = ["events are missing", "after position 7 the log continues at 9"];
    Scene::new().notices(|log| delete(log, OTHER_REVOKED), &words, &words);
}

#[test]
fn an_event_taken_out_of_the_middle_of_its_stream_is_noticed_though_the_rest_was_renumbered() {
    let scene = Scene::new();
    let intact = ["the log does not hold position 10", "its end was cut off"];
    // The renaming of a key, behind which its scopes were narrowed.
    let gone = ["position 5", "revision 2", "events were taken out or put in"];
    scene.notices(|log| delete_and_renumber(log, 5), &intact, &gone);
}

#[test]
fn the_last_event_of_a_stream_is_noticed_though_the_rest_was_renumbered() {
    let scene = Scene::new();
    let copy = scene.copy(Models::Intact);
    delete_and_renumber(&copy.log(), OTHER_REVOKED);
    // Without models and snapshots only a copy held elsewhere could tell.
    scene.refuses(&copy, &["the log does not hold position 10", "its end was cut off"]);
}

#[test]
fn a_revocation_cut_off_the_end_is_noticed() {
    let scene = Scene::new();
    let copy = scene.copy(Models::Intact);
    delete(&copy.log(), LAST_REVOKED);
    scene.refuses(&copy, &["the log does not hold position 10", "its end was cut off"]);
}

#[test]
fn either_model_alone_notices_what_was_cut_off_the_end() {
    let scene = Scene::new();
    // The revocation alone, which would bring the key back to life, and its creation too.
    let cuts = [&[LAST_REVOKED][..], &[LAST_REVOKED, LAST_CREATED][..]];
    for (keep_snapshots, cut) in [true, false].into_iter().flat_map(|keep| cuts.map(|cut| (keep, cut))) {
        let copy = scene.copy(Models::Intact);
        for position in cut {
            delete(&copy.log(), *position);
        }
        if keep_snapshots {
            std::fs::remove_file(copy.data_dir().join("read-models.db")).expect("it can be removed");
        } else {
            for path in copy.snapshots() {
                std::fs::remove_file(path).expect("a snapshot can be removed");
            }
        }
        scene.refuses(&copy, &["the log does not hold position 10", "its end was cut off"]);
    }
}

#[test]
fn the_witnesses_of_a_cut_end_are_not_made_anew_without_force() {
    let scene = Scene::new();
    let copy = scene.copy(Models::Intact);
    delete(&copy.log(), LAST_REVOKED);
    let words = ["the log does not hold position 10", "put the whole log back"];
    let data_dir = copy.data_dir().display().to_string();
    let rebuild = ["projections", "rebuild", "--data-dir", &data_dir];
    let terminal = Terminal::new(copy.home());
    let refused = terminal.run(&rebuild).exited(1);
    assert!(words.iter().all(|word| refused.error_line().contains(word)), "{}", refused.error_line());
    scene.refuses(&copy, &words);
    // Whoever forces it has put an older log back on purpose.
    terminal.run(&[&rebuild[..], &["--force"]].concat()).exited(0);
}

#[test]
fn a_cut_end_that_others_were_written_over_is_noticed() {
    let scene = Scene::new();
    let copy = scene.copy(Models::Intact);
    let log = copy.log();
    delete(&log, LAST_REVOKED);
    // An event of the true log stands in the place of the last one.
    let moved =
        log.execute("UPDATE events SET position = ? WHERE position = ?", (LAST_REVOKED, OTHER_REVOKED));
    assert_eq!(moved.expect("the table can be written"), 1);
    scene.refuses(&copy, &["the log holds another event at position 10"]);
}
