//! What outsiders verify with tools that nobody here wrote: Go's packages for transparency logs, and Python.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use keyledger_tests::{Registry, Terminal};
use serde_json::json;
use tempfile::TempDir;

/// Evidence as an auditor has it: two checkpoints, proofs, an event, an export.
struct Evidence {
    registry: Registry,
    folder: TempDir,
    key: String,
}

static SHARED: Mutex<Weak<Evidence>> = Mutex::new(Weak::new());

impl Evidence {
    /// That which tests share which run at the same time.
    fn get() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let evidence = Arc::new(Self::gather());
            *shared = Arc::downgrade(&evidence);
            evidence
        })
    }

    fn gather() -> Self {
        let registry = Registry::start();
        let folder = tempfile::tempdir().expect("a directory");
        let many = |from: u64, to: u64| {
            let key = registry.create("acme", "rotated", &["client:read"]);
            for number in from..to {
                let body = json!({ "name": format!("K\u{f6}ln {number} \u{2013} \"quoted\"") });
                registry.operator().patch(&key.path(), &body).send().expecting(200);
            }
        };
        many(0, 60);
        let old = registry.signed();
        many(60, 270);
        let new = registry.signed();
        let evidence = Self { key: String::new(), registry, folder };
        fs::write(evidence.file("old"), old).expect("written");
        fs::write(evidence.file("new"), new).expect("written");
        let path = |name| evidence.file(name).to_str().expect("a path").to_owned();
        let terminal = evidence.terminal();
        let prove = |arguments: &[&str]| terminal.run(&[&["audit"], arguments].concat()).exited(0);
        prove(&[
            "prove-inclusion",
            "--position",
            "57",
            "--to",
            &path("inclusion"),
            "--event",
            &path("event"),
        ]);
        prove(&["prove-consistency", "--checkpoint", &path("old"), "--to", &path("consistency")]);
        prove(&["export", "--to", &path("events")]);
        let key = prove(&["verifier-key"]).stdout.trim().to_owned();
        Self { key, ..evidence }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn terminal(&self) -> Terminal {
        self.registry.terminal()
    }

    /// Changes a byte in the middle of a file, in a copy.
    fn forged(&self, name: &str, from: &str, to: &str) -> PathBuf {
        let text = fs::read_to_string(self.file(name)).expect("evidence");
        let forged = text.replacen(from, to, 1);
        assert_ne!(forged, text);
        let path = self.file(&format!("{name}-forged"));
        fs::write(&path, forged).expect("written");
        path
    }
}

/// Go, where there is one. It is no part of what a build needs, so its absence is told to whoever runs the tests, past what
/// catches the output of tests that pass.
fn go() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = Path::new("/usr/local/go/bin").to_owned();
    let found =
        env::split_paths(&path).chain([usual]).map(|folder| folder.join("go")).find(|file| file.is_file());
    if found.is_none() {
        let line = "\n*** SKIPPED: nothing of the transparency log was checked with Go's sumdb/tlog and note.\n\
                    *** To check it too: apt-get install golang-go, or https://go.dev/dl\n\n";
        std::io::stderr().write_all(line.as_bytes()).expect("stderr is open");
    }
    found
}

fn build(go: &Path, to: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("audit/outsider");
    let binary = to.join("outsider");
    let mut command = Command::new(go);
    command.args(["build", "-mod=readonly", "-o"]).arg(&binary).arg(".").current_dir(source);
    command.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
    let built = command.output().expect("go can be started");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    binary
}

fn told(output: &Output) -> String {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    stdout + &stderr
}

#[test]
fn gos_own_packages_check_a_checkpoint_an_inclusion_and_a_consistency_proof_and_the_tiles() {
    let Some(go) = go() else { return };
    let evidence = Evidence::get();
    let outsider = build(&go, evidence.folder.path());
    let ask = |what: &str, more: &[&Path]| {
        Command::new(&outsider).args([what, &evidence.key]).args(more).output().expect("it can be started")
    };
    let holds = |what: &str, more: &[&Path], says: &str| {
        let output = ask(what, more);
        assert!(output.status.success() && told(&output).starts_with(says), "{what}: {}", told(&output));
    };
    let fails = |what: &str, more: &[&Path], says: &str| {
        let output = ask(what, more);
        assert!(output.status.code() == Some(1) && told(&output).contains(says), "{what}: {}", told(&output));
    };
    let file = |name| evidence.file(name);
    let transparency = format!("{}/v1/transparency", evidence.registry.addresses().command);
    let (old, event) = (file("old"), file("event"));
    let size: u64 = fs::read_to_string(&old)
        .expect("kept")
        .lines()
        .nth(1)
        .and_then(|it| it.parse().ok())
        .expect("a size");

    holds("checkpoint", &[&old], &format!("signed: {size} events"));
    holds("inclusion", &[&file("inclusion"), &event], "included: leaf 56 of ");
    holds("consistency", &[&old, &file("consistency")], "consistent: ");
    holds("tiles", &[&old, Path::new(&transparency)], "consistent: ");

    let smaller = evidence.forged("old", &format!("\n{size}\n"), &format!("\n{}\n", size - 1));
    fails("checkpoint", &[&smaller], "invalid signature");
    let other_event = evidence.forged("event", "acme", "acne");
    fails("inclusion", &[&file("inclusion"), &other_event], "invalid transparency proof");
    let other_leaf = evidence.forged("inclusion", "index 56", "index 55");
    fails("inclusion", &[&other_leaf, &event], "invalid transparency proof");
    let other_size = evidence.forged("consistency", &format!("old {size}"), &format!("old {}", size - 1));
    fails("consistency", &[&old, &other_size], "the proof is of");
}

#[test]
fn a_python_script_with_nothing_of_ours_recomputes_the_root() {
    let evidence = Evidence::get();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("audit/root.py");
    let ask = |events: &Path, checkpoint: &Path| {
        Command::new("python3")
            .arg(&script)
            .arg(events)
            .arg(checkpoint)
            .output()
            .expect("python3 can be started")
    };
    for checkpoint in ["old", "new"] {
        let output = ask(&evidence.file("events"), &evidence.file(checkpoint));
        assert!(output.status.success() && told(&output).starts_with("keyledger/"), "{}", told(&output));
    }
    let edited = evidence.forged("events", "K\u{f6}ln 7 ", "K\u{f6}ln 8 ");
    let output = ask(&edited, &evidence.file("old"));
    assert!(output.status.code() == Some(1) && told(&output).contains("have the root"), "{}", told(&output));
}

#[test]
fn a_proof_is_refused_for_what_is_not_there_or_not_signed() {
    let registry = crate::SHARED.get();
    let _ = registry.signed();
    let terminal = registry.terminal();
    let nothing = terminal.run(&["audit", "prove-inclusion", "--position", "1000000"]).exited(1);
    assert!(nothing.error_line().contains("there is no event at position 1000000"), "{}", nothing.stderr);
    terminal.run(&["audit", "prove-inclusion", "--position", "0"]).exited(1);
    let beyond = terminal.run(&["audit", "prove-consistency", "--from", "1000000"]).exited(1);
    assert!(beyond.error_line().contains("the newest checkpoint covers"), "{}", beyond.stderr);
    terminal.run(&["audit", "prove-consistency"]).exited(2);
    let proof = terminal.run(&["audit", "prove-inclusion", "--position", "1", "--json"]).exited(0).json();
    assert_eq!((&proof["index"], &proof["position"]), (&0.into(), &1.into()));
    assert!(
        proof["proof"].as_str().is_some_and(|text| text.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n"))
    );
}
