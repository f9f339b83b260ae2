//! What an insider can do to the log and to its tree: each is caught, and named.

use std::fs;
use std::time::Duration;

use keyledger_audit::tree::{Checkpoint, SigningKey};
use keyledger_tests::{Client, Dice, Launch, within};
use rusqlite::Connection;

use crate::scene::{Copy, Scene};

/// The renaming of the key that the event at position 99 is about; positions are three a key, behind two.
const RENAMED: i64 = 100;

/// Which position holds the renaming of some key near another.
fn renaming_near(copy: &Copy, position: i64) -> i64 {
    let query = "SELECT min(position) FROM events WHERE position >= ? AND CAST(public AS TEXT) LIKE '%\"KeyRenamed\"%'";
    copy.log().query_row(query, [position], |row| row.get(0)).expect("a renaming")
}

#[test]
fn what_nobody_touched_stands_up_to_verification() {
    let scene = Scene::get();
    let copy = scene.copy();
    let kept = copy.keep(&scene.kept);
    let report = copy.verify(&["--checkpoint", &kept]).exited(0).json();
    assert_eq!((&report["faults"], &report["codesChecked"]), (&0.into(), &true.into()));
    assert_eq!((&report["unsigned"], &report["checkpoint"]["size"]), (&0.into(), &report["events"]));
}

#[test]
fn an_edited_event_is_caught() {
    let copy = Scene::get().copy();
    let at = renaming_near(&copy, RENAMED);
    copy.edit(at, "renamed", "Renamed", None);
    let (event, leaf) = (format!("position {at}"), format!("leaf {}", at - 1));
    copy.is_caught(&[&[&event, "forged or altered"], &[&event, &leaf, "it was edited"]]);
}

#[test]
fn an_event_edited_by_whoever_stole_the_keyring_is_caught() {
    let copy = Scene::get().copy();
    let at = renaming_near(&copy, RENAMED);
    copy.edit(at, "renamed", "Renamed", Some(&copy.stolen_keys()));
    copy.is_caught(&[&[&format!("position {at}"), &format!("leaf {}", at - 1), "it was edited"]]);
    assert_eq!(copy.findings(&[]).len(), 1);
}

#[test]
fn without_the_keyring_hashes_catch_the_same() {
    let copy = Scene::get().copy();
    let at = renaming_near(&copy, RENAMED);
    fs::remove_file(copy.data_dir().join("keyring")).expect("it is elsewhere");
    assert_eq!(copy.verify(&[]).exited(0).json()["codesChecked"], false);
    copy.edit(at, "renamed", "Renamed", None);
    copy.is_caught(&[&[&format!("position {at}"), "it was edited"]]);
}

#[test]
fn a_deleted_event_is_caught_whether_or_not_the_gap_is_closed() {
    let copy = Scene::get().copy();
    copy.run("DELETE FROM events WHERE position = 150");
    copy.is_caught(&[&["position 150", "it was deleted"], &["leaf 149", "it was deleted"]]);
    let closed = Scene::get().copy();
    closed.run(
        "PRAGMA ignore_check_constraints = ON;
         DELETE FROM events WHERE position = 150;
         UPDATE events SET position = -position WHERE position > 150;
         UPDATE events SET position = -position - 1 WHERE position < 0",
    );
    closed.is_caught(&[&["leaf 149", "it was deleted"]]);
    assert!(closed.findings(&[]).iter().all(|finding| finding["kind"] != "missing"));
}

#[test]
fn an_inserted_event_is_caught_in_the_middle_and_at_the_end() {
    let copy = Scene::get().copy();
    // An event of a stream of its own, with a code that is right, between two that were signed.
    let keys = copy.stolen_keys();
    copy.run(
        "PRAGMA ignore_check_constraints = ON;
         UPDATE events SET position = -position - 1 WHERE position >= 50;
         UPDATE events SET position = -position WHERE position < 0;
         INSERT INTO events SELECT 50, '01890a5d-ac96-774b-bcce-b302099a8057', 'key-01890a5d-ac96-774b-bcce-b302099a8057', 0,
                                   public, private, mac FROM events WHERE position = 3",
    );
    let (id, stream): (String, String) = copy
        .log()
        .query_row("SELECT id, stream FROM events WHERE position = 3", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("the event that was copied");
    let new = "01890a5d-ac96-774b-bcce-b302099a8057";
    copy.edit(50, &stream, &format!("key-{new}"), Some(&keys));
    copy.edit(50, &id, new, Some(&keys));
    copy.is_caught(&[&["position 50", "it was inserted"]]);
    assert_eq!(copy.findings(&[]).len(), 1, "{:?}", copy.findings(&[]));

    let end = Scene::get().copy();
    end.run(
        "INSERT INTO events SELECT (SELECT max(position) + 1 FROM events), '01890a5d-ac96-774b-bcce-b302099a8057', stream, 1000,
                                   public, private, mac FROM events WHERE position = 3",
    );
    end.is_caught(&[&["not to be believed", "events were moved"], &["revision 1000"]]);
}

#[test]
fn reordered_events_are_caught() {
    let copy = Scene::get().copy();
    // The last event of one key and the first of the next: each is authentic, and in its place within its stream.
    let first: i64 = copy
        .log()
        .query_row("SELECT min(position) FROM events WHERE revision = 0 AND position > 200", [], |row| {
            row.get(0)
        })
        .expect("a creation");
    copy.run(&format!(
        "UPDATE events SET position = 100000 WHERE position = {first};
         UPDATE events SET position = {first} WHERE position = {first} - 1;
         UPDATE events SET position = {first} - 1 WHERE position = 100000"
    ));
    copy.is_caught(&[&["events were reordered"]]);
    assert_eq!(copy.findings(&[]).len(), 1);
}

#[test]
fn an_end_that_was_cut_off_is_caught() {
    let copy = Scene::get().copy();
    copy.run("DELETE FROM events WHERE position > 200");
    copy.is_caught(&[&["ends after 200 events", "its end was cut off"]]);
}

#[test]
fn a_past_that_was_rewritten_with_its_codes_its_tree_and_its_signatures_is_caught_by_a_checkpoint_kept_elsewhere()
 {
    let scene = Scene::get();
    let copy = scene.copy();
    let at = renaming_near(&copy, 50);
    copy.edit(at, "renamed", "Renamed", Some(&copy.stolen_keys()));
    // Whoever has all of the machine lets the signer begin anew.
    fs::remove_dir_all(copy.data_dir().join("transparency")).expect("removed");
    fs::remove_file(copy.data_dir().join("signer-key.signed")).expect("removed");
    let mut launch = Launch::on(copy.home(), &[]);
    launch.expect_ready();
    let size = scene.last.lines().nth(1).expect("a size").to_owned();
    let signed =
        || fs::read_to_string(copy.tree("checkpoint")).ok().filter(|it| it.lines().nth(1) == Some(&size));
    assert!(within(Duration::from_secs(20), signed).is_some(), "{}", launch.said());
    assert!(launch.terminate().success());
    assert!(copy.findings(&[]).is_empty(), "nothing on that machine can tell");
    let kept = copy.keep(&scene.kept);
    let findings = copy.findings(&["--checkpoint", &kept]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    let says = findings[0]["says"].as_str().expect("a sentence");
    assert!(says.contains("your checkpoint covers") && says.contains("the past was rewritten"), "{says}");
}

#[test]
fn a_signer_does_not_sign_another_past_and_keeps_nobody_from_being_served() {
    let scene = Scene::get();
    for (change, says) in
        [("edit", "its past was changed"), ("DELETE FROM events WHERE position > 200", "its end was cut off")]
    {
        let copy = scene.copy();
        match change {
            "edit" => copy.edit(renaming_near(&copy, 50), "renamed", "Renamed", Some(&copy.stolen_keys())),
            statement => {
                copy.run(statement);
                // What would notice it besides.
                for model in ["read-models.db", "snapshots", "last-used.db"] {
                    let path = copy.data_dir().join(model);
                    let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
                }
            }
        }
        let mut launch = Launch::on(copy.home(), &[]);
        launch.expect_ready();
        launch.expect_alarm(&[says]);
        let readiness = launch.readiness().expect("an answer");
        assert_eq!(readiness.status, 200);
        let roles = readiness.json()["roles"].as_array().expect("roles").clone();
        let signer = roles.iter().find(|role| role["role"] == "signer").expect("the signer is told");
        assert_eq!(signer["ready"], false);
        let metrics = Client::new(&launch.addresses().ops, None).get("/metrics").send().text();
        assert!(metrics.contains("\nkeyledger_audit_signer_stopped 1\n"), "{metrics}");
        assert_eq!(fs::read_to_string(copy.tree("checkpoint")).expect("a checkpoint"), scene.last);
    }
}

#[test]
fn a_forged_checkpoint_is_caught() {
    let scene = Scene::get();
    let copy = scene.copy();
    let true_one = Checkpoint::read(scene.last.as_bytes()).expect("a checkpoint");
    let forged = Checkpoint { size: true_one.size - 1, ..true_one };
    for note in [
        // The text was changed.
        scene
            .last
            .replacen(&format!("\n{}\n", true_one.size), &format!("\n{}\n", forged.size), 1)
            .into_bytes(),
        // Somebody else signed it.
        forged.sign(&SigningKey::from_seed([1; 32])),
        b"no checkpoint".to_vec(),
    ] {
        fs::write(copy.tree("checkpoint"), note).expect("written");
        copy.is_caught(&[&["the checkpoint is not to be believed"]]);
    }
    fs::remove_file(copy.tree("checkpoint")).expect("removed");
    copy.is_caught(&[&["there is no checkpoint"]]);
    // Whoever changes the key beside it is caught by whoever knows the key.
    let other = SigningKey::from_seed([1; 32]);
    fs::write(copy.tree("checkpoint"), true_one.sign(&other)).expect("written");
    let key = fs::read_to_string(copy.tree("verifier-key")).expect("a key");
    fs::write(copy.tree("verifier-key"), other.verifier_key().named(true_one.origin)).expect("written");
    assert!(copy.findings(&[]).is_empty(), "it signs the truth");
    let findings = copy.findings(&["--verifier-key", key.trim()]);
    assert_eq!(findings[0]["kind"], "checkpoint-forged", "{findings:?}");
}

#[test]
fn a_flipped_tile_is_caught_and_not_taken_for_a_fault_of_the_log() {
    let scene = Scene::get();
    for tile in
        ["tile/0/000", "tile/entries/000", "tile/1/000.p/1", "the end of tile/0", "the end of tile/entries"]
    {
        let copy = scene.copy();
        let path = match tile.strip_prefix("the end of ") {
            None => copy.tree(tile),
            Some(level) => {
                let widths = fs::read_dir(copy.tree(level).join("001.p")).expect("a tile that is not full");
                let widths = widths.map(|entry| entry.expect("an entry").path());
                widths
                    .max_by_key(|path| {
                        let width = path
                            .file_name()
                            .and_then(|name| name.to_str())
                            .and_then(|name| name.parse().ok());
                        width.unwrap_or(0_u16)
                    })
                    .expect("a tile")
            }
        };
        let mut bytes = fs::read(&path).expect("a tile");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        fs::write(&path, &bytes).expect("written");
        let findings = copy.findings(&[]);
        let kinds: Vec<_> =
            findings.iter().map(|finding| finding["kind"].as_str().unwrap_or_default()).collect();
        assert_eq!(kinds, ["tile-differs"], "{tile}: {findings:?}");
        let named = findings[0]["tile"].as_str().expect("a name").to_owned();
        assert!(path.ends_with(&named), "{named} is named, and {} was changed", path.display());
        fs::remove_file(&path).expect("removed");
        if !named.contains(".p/") {
            assert_eq!(copy.findings(&[])[0]["kind"], "tile-missing", "{tile}");
        }
    }
}

/// Every row, as it lies in the file.
fn rows(log: &Connection) -> rusqlite::Result<Vec<Vec<rusqlite::types::Value>>> {
    let mut statement = log.prepare("SELECT * FROM events ORDER BY position")?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
    rows.collect()
}

#[test]
fn a_hundred_flipped_bytes_are_caught_or_change_no_event() {
    let mut dice = Dice::thrown_for("byte flips");
    let copy = Scene::get().copy();
    let path = copy.data_dir().join("log.db");
    let (whole, before) = (fs::read(&path).expect("the log"), rows(&copy.log()).expect("rows"));
    let (mut caught, mut harmless) = (0, 0);
    for _ in 0..100 {
        let mut bytes = whole.clone();
        let at = usize::try_from(dice.below(bytes.len() as u64)).expect("an index");
        let bit = 1_u8 << dice.below(8);
        bytes[at] ^= bit;
        fs::write(&path, &bytes).expect("written");
        let ran = copy.verify(&[]);
        if ran.code == Some(0) {
            let after =
                Connection::open(&path).and_then(|log| rows(&log)).expect("what was verified can be read");
            assert!(after == before, "byte {at}, bit {bit}: an event is another, and nobody says so");
            harmless += 1;
        } else {
            assert_eq!(ran.code, Some(1), "byte {at}, bit {bit}: {}", ran.stderr);
            caught += 1;
        }
    }
    println!("{caught} caught, {harmless} without effect on any event");
    assert!(caught > 20, "the flips came too gently: {caught}");
}
