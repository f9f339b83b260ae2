//! A restart from a snapshot answers like one from the whole log; a bad snapshot is ignored, loudly.

use std::fs;
use std::path::PathBuf;

use keyledger_tests::{Created, Dice, Registry};
use serde_json::json;

/// Keys in every state that a snapshot has to keep, each with what the validator says of its secret.
struct Judged(Vec<(String, &'static str)>);

impl Judged {
    fn grow(&mut self, registry: &Registry) {
        let create = || registry.create("acme", "billing", &["client:read"]);
        let (live, revoked, ended, overlapping) = (create(), create(), create(), create());
        registry.revoke(&revoked);
        let of = |key: &Created| key.secret.clone();
        self.0.push((of(&live), "VALID"));
        self.0.push((of(&revoked), "REVOKED"));
        self.0.push((of(&ended), "SUPERSEDED"));
        self.0.push((of(&registry.regenerate(&ended, 0)), "VALID"));
        self.0.push((of(&overlapping), "VALID"));
        self.0.push((of(&registry.regenerate(&overlapping, 3600)), "VALID"));
    }

    #[track_caller]
    fn hold(&self, registry: &Registry) {
        for (secret, code) in &self.0 {
            assert_eq!(registry.verify(&json!({ "key": secret, "cost": 0 }))["code"], *code);
        }
    }
}

/// The snapshots there are.
fn snapshots(registry: &Registry) -> Vec<PathBuf> {
    let entries = fs::read_dir(registry.data_dir().join("snapshots")).expect("the folder of snapshots");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// A registry that was stopped and has left a snapshot.
fn with_snapshot() -> (Registry, Judged) {
    let mut registry = Registry::start();
    let mut judged = Judged(Vec::new());
    judged.grow(&registry);
    assert!(registry.stop().success(), "{}", registry.stderr());
    assert!(!snapshots(&registry).is_empty(), "a stop leaves a snapshot");
    (registry, judged)
}

#[test]
fn a_restart_reads_the_snapshot_and_what_was_recorded_since() {
    let (mut registry, mut judged) = with_snapshot();
    registry.restart();
    judged.hold(&registry);
    judged.grow(&registry);
    // Killed, it leaves the snapshot of before and a longer log.
    registry.kill();
    registry.restart();
    judged.hold(&registry);
    assert!(!registry.stderr().contains("is ignored"), "{}", registry.stderr());
}

#[test]
fn a_snapshot_with_flipped_bytes_is_ignored_loudly_and_the_answers_stay_right() {
    let mut dice = Dice::thrown_for("flipped bytes");
    let (mut registry, judged) = with_snapshot();
    for _ in 0..5 {
        let files = snapshots(&registry);
        for path in &files {
            let mut bytes = fs::read(path).expect("a snapshot");
            let at = usize::try_from(dice.below(bytes.len() as u64)).expect("an index");
            bytes[at] ^= 1 << dice.below(8);
            fs::write(path, bytes).expect("the snapshot can be written");
        }
        let said = registry.stderr().len();
        registry.restart();
        let news = registry.stderr().split_off(said);
        assert_eq!(news.matches("is ignored").count(), files.len(), "{news}");
        judged.hold(&registry);
        assert!(registry.stop().success(), "{}", registry.stderr());
    }
}

#[test]
fn a_snapshot_that_was_cut_off_is_ignored_loudly() {
    let (mut registry, judged) = with_snapshot();
    for (index, path) in snapshots(&registry).iter().enumerate() {
        let bytes = fs::read(path).expect("a snapshot");
        fs::write(path, &bytes[..bytes.len() / 2 * index.min(1)]).expect("the snapshot can be written");
    }
    registry.restart();
    assert!(registry.stderr().contains("is ignored"), "{}", registry.stderr());
    judged.hold(&registry);
}
