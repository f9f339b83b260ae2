//! `keyledger signer`: what it promises while it runs, is killed, or meets something that it must not sign.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use keyledger_tests::{Dice, Registry, RoleProcess, soak, within};

/// A registry that leaves signing to others.
fn unsigned() -> Registry {
    Registry::with(&[("KEYLEDGER_TRANSPARENCY__SIGN_IN_SERVE", "false")])
}

fn signer(registry: &Registry, every: &str) -> RoleProcess {
    let settings = [("KEYLEDGER_TRANSPARENCY__EVERY".to_owned(), every.to_owned())];
    RoleProcess::start("signer", &registry.data_dir(), &settings)
}

fn checkpoint_file(data_dir: &Path) -> PathBuf {
    data_dir.join("transparency/epoch-1/checkpoint")
}

fn size_of(checkpoint: &str) -> u64 {
    checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).expect("a size")
}

/// Every checkpoint that was ever seen, by its size.
#[derive(Default)]
struct Seen(HashMap<u64, String>);

impl Seen {
    fn see(&mut self, checkpoint: String) {
        let size = size_of(&checkpoint);
        let known = self.0.entry(size).or_insert_with(|| checkpoint.clone());
        assert_eq!(*known, checkpoint, "two checkpoints of {size} events");
    }
}

#[test]
fn killed_at_any_moment_it_never_signs_two_checkpoints_of_one_size_and_never_goes_back() {
    let mut dice = Dice::thrown_for("signer kills");
    let registry = unsigned();
    let kills = if soak() { 400 } else { 30 };
    let (file, done) = (checkpoint_file(&registry.data_dir()), AtomicBool::new(false));
    let mut seen = Seen::default();
    thread::scope(|scope| {
        let (registry, done) = (&registry, &done);
        scope.spawn(move || {
            let key = registry.create("acme", "restless", &["client:read"]);
            for number in 0.. {
                if done.load(Relaxed) {
                    break;
                }
                let body = serde_json::json!({ "name": format!("name {number}") });
                registry.operator().patch(&key.path(), &body).send().expecting(200);
            }
        });
        // Looked at all the time, also between a signer's last words and the next one's first.
        let watched = file.clone();
        let watcher = scope.spawn(move || {
            let mut seen = Seen::default();
            let mut last = 0;
            while !done.load(Relaxed) {
                thread::sleep(Duration::from_millis(1));
                if let Ok(checkpoint) = fs::read_to_string(&watched) {
                    assert!(size_of(&checkpoint) >= last, "it went back from {last}");
                    last = size_of(&checkpoint);
                    seen.see(checkpoint);
                }
            }
            seen
        });
        for _ in 0..kills {
            let mut signer = signer(registry, "0");
            if dice.chance(50) {
                // At work, whatever a start takes on a busy machine; else at any moment of the start.
                let before = fs::read_to_string(&file).ok();
                let signs = || (fs::read_to_string(&file).ok() != before).then_some(());
                assert!(
                    within(Duration::from_secs(30), signs).is_some(),
                    "it signs nothing: {}",
                    signer.said()
                );
                thread::sleep(Duration::from_millis(dice.below(50)));
            } else {
                thread::sleep(Duration::from_millis(dice.below(250)));
            }
            assert!(signer.ended().is_none(), "it ended by itself: {}", signer.said());
            signer.kill();
            // What was published by then stays; what is remembered may be one ahead of it.
            if let Ok(checkpoint) = fs::read_to_string(&file) {
                let remembered = fs::read_to_string(registry.data_dir().join("signer-key.signed"));
                assert!(size_of(&checkpoint) <= size_of(&remembered.expect("it remembers first")));
                seen.see(checkpoint);
            }
        }
        done.store(true, Relaxed);
        watcher.join().expect("no two").0.into_values().for_each(|checkpoint| seen.see(checkpoint));
    });
    println!("{kills} kills, {} checkpoints", seen.0.len());
    assert!(seen.0.len() > 5, "the kills came too early: {}", seen.0.len());
    let mut last = signer(&registry, "0");
    last.expect_live();
    let verified = registry.terminal().run(&["audit", "verify", "--json"]).exited(0).json();
    let size = verified["checkpoint"]["size"].as_u64().expect("a size");
    assert!(seen.0.keys().all(|seen| *seen <= size));
    // Each of them was the truth.
    let earliest = seen.0.iter().min_by_key(|(size, _)| **size).expect("one").1;
    let kept = registry.home().join("kept");
    fs::write(&kept, earliest).expect("written");
    let kept = kept.to_str().expect("a path");
    registry.terminal().run(&["audit", "verify", "--checkpoint", kept]).exited(0);
}

#[test]
fn an_event_is_signed_within_the_setting_and_a_second_signer_is_refused_by_the_first_ones_pid() {
    let registry = unsigned();
    let mut one = signer(&registry, "500ms");
    one.expect_live();
    for number in 0..3 {
        let _ = registry.create("acme", &format!("key {number}"), &["client:read"]);
        let recorded = Instant::now();
        let _ = registry.signed();
        assert!(recorded.elapsed() < Duration::from_secs(5), "{:?}", recorded.elapsed());
    }
    assert_eq!(one.metric("keyledger_audit_signer_stopped"), Some(0.0));
    // It counts what it has published.
    let counted = || one.metric("keyledger_audit_signer_signed_events").filter(|signed| *signed >= 5.0);
    assert!(within(Duration::from_secs(5), counted).is_some());
    let mut other = signer(&registry, "500ms");
    other.expect_end(&["keyledger signer (pid", "already works on"]);
    let refused = registry.terminal().set("KEYLEDGER_TRANSPARENCY__EVERY", "5s").run(&["signer"]).exited(1);
    assert!(refused.error_line().contains("transparency.every is longer than 4s"), "{}", refused.stderr);
}

#[test]
fn serve_signs_by_itself_and_does_not_begin_beside_a_signer() {
    let mut registry = Registry::start();
    let mut other = signer(&registry, "1s");
    other.expect_end(&["keyledger serve (pid", "already works on"]);
    assert!(registry.stop().success());
    let mut other = signer(&registry, "1s");
    other.expect_live();
    let refused = registry.try_restart().expect_err("a refusal");
    assert!(refused.stderr.contains("transparency.sign_in_serve = false"), "{}", refused.stderr);
}

#[test]
fn tiles_that_were_lost_are_made_anew_from_the_log_and_signed_with_the_same_bytes() {
    let mut registry = Registry::start();
    for number in 0..4 {
        let _ = registry.create("acme", &format!("key {number}"), &["client:read"]);
    }
    let before = registry.signed();
    assert!(registry.stop().success());
    let directory = registry.data_dir().join("transparency");
    let tile = directory.join("epoch-1/tile/0/000.p");
    for lost in ["one tile", "all of it"] {
        match lost {
            "one tile" => fs::remove_dir_all(&tile).expect("removed"),
            _ => fs::remove_dir_all(&directory).expect("removed"),
        }
        registry.restart();
        assert_eq!(registry.signed(), before, "{lost}");
        registry.terminal().run(&["audit", "verify"]).exited(0);
        assert!(registry.stop().success());
        assert!(tile.exists());
    }
    let mode = fs::metadata(directory.join("epoch-1/checkpoint")).expect("there").permissions().mode();
    assert_eq!(mode & 0o007, 0, "others than its group do not read it");
}

#[test]
fn a_signer_key_that_was_lost_or_exchanged_is_told_and_nothing_is_signed_with_a_new_one() {
    let mut registry = Registry::start();
    let before = registry.signed();
    let key = registry.data_dir().join("signer-key");
    assert!(registry.stop().success());
    let kept = fs::read(&key).expect("the key");
    let told = |registry: &Registry| {
        let readiness = registry.ops().get("/readyz").send().expecting(200).json();
        let roles = readiness["roles"].as_array().expect("roles").clone();
        let signer = roles.into_iter().find(|role| role["role"] == "signer").expect("it is told");
        signer["reason"].as_str().unwrap_or_default().to_owned()
    };
    fs::remove_file(&key).expect("removed");
    registry.restart();
    assert!(told(&registry).contains("put the key back"), "{}", told(&registry));
    assert!(!key.exists());
    assert!(registry.stop().success());
    // A key of somebody else, and the memory with it.
    fs::remove_file(registry.data_dir().join("signer-key.signed")).expect("removed");
    registry.restart();
    let told = within(Duration::from_secs(20), || {
        Some(told(&registry)).filter(|told| told.contains("is not this key's"))
    });
    assert!(told.is_some());
    assert!(registry.stop().success());
    assert_eq!(fs::read_to_string(checkpoint_file(&registry.data_dir())).expect("it stays"), before);
    fs::write(&key, kept).expect("put back");
    registry.restart();
    assert_eq!(registry.signed(), before);
}
