//! A stopped registry whose log is signed, to be tampered with: more events than a tile holds, of several keys.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use keyledger_domain::envelope::{MacKey, MacKeyId, MacKeys, Purpose};
use keyledger_tests::{Ran, Registry, Terminal, copy_all};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How many events the log holds at least: a full tile, and one that is not.
const EVENTS: u64 = 270;

/// At which size the auditor kept a checkpoint, about.
const KEPT: u64 = 100;

/// The registry.
pub(crate) struct Scene {
    registry: Registry,
    /// The checkpoint that the auditor kept on another machine, long before the end.
    pub(crate) kept: String,
    /// The last one.
    pub(crate) last: String,
}

/// A copy of it, for one attempt.
pub(crate) struct Copy {
    home: TempDir,
}

static SHARED: Mutex<Weak<Scene>> = Mutex::new(Weak::new());

impl Scene {
    /// The one that tests share which run at the same time.
    pub(crate) fn get() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let scene = Arc::new(Self::new());
            *shared = Arc::downgrade(&scene);
            scene
        })
    }

    fn new() -> Self {
        let mut registry = Registry::start();
        let operator = registry.operator();
        let mut kept = None;
        for number in 0.. {
            let key = registry.create("acme", &format!("key {number}"), &["client:read"]);
            operator
                .patch(&key.path(), &json!({ "name": format!("renamed {number}") }))
                .send()
                .expecting(200);
            registry.revoke(&key);
            let head = operator.get("/v1/scopes").send().expecting(200).position();
            if kept.is_none() && head >= KEPT {
                kept = Some(registry.signed());
            }
            if head >= EVENTS {
                break;
            }
        }
        let last = registry.signed();
        assert!(registry.stop().success(), "{}", registry.stderr());
        Self { registry, kept: kept.expect("a checkpoint"), last }
    }

    pub(crate) fn copy(&self) -> Copy {
        let copy = Copy { home: tempfile::tempdir().expect("a directory") };
        copy_all(&self.registry.data_dir(), &copy.data_dir());
        // One file, so that whoever changes a byte of it changes what is read.
        copy.log()
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE")
            .expect("one file");
        copy
    }
}

impl Copy {
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The log, as whoever has the file can open it.
    pub(crate) fn log(&self) -> Connection {
        Connection::open(self.data_dir().join("log.db")).expect("the log is an SQLite database")
    }

    /// A file of the tree.
    pub(crate) fn tree(&self, path: &str) -> PathBuf {
        self.data_dir().join("transparency/epoch-1").join(path)
    }

    /// The MAC keys in the keyring, as whoever stole it has them.
    pub(crate) fn stolen_keys(&self) -> MacKeys {
        let text = fs::read_to_string(self.data_dir().join("keyring")).expect("the keyring");
        let keyring: toml::Value = toml::from_str(&text).expect("TOML");
        let key = &keyring["mac"][0];
        let mut bytes = [0; 32];
        hex::decode_to_slice(key["key"].as_str().expect("a key"), &mut bytes).expect("hexadecimal");
        let id = u32::from_str_radix(key["id"].as_str().expect("an id"), 16).expect("hexadecimal");
        MacKeys::new((MacKeyId(id), MacKey::new(bytes)), Vec::new())
    }

    /// Replaces a text in an event, and, for whoever stole the keyring, its code.
    pub(crate) fn edit(&self, position: i64, from: &str, to: &str, keys: Option<&MacKeys>) {
        let log = self.log();
        let query = "SELECT public FROM events WHERE position = ?";
        let public: Vec<u8> = log.query_row(query, [position], |row| row.get(0)).expect("the event");
        let edited = String::from_utf8(public.clone()).expect("text").replace(from, to).into_bytes();
        assert_ne!(edited, public, "{from} is not in the event at position {position}");
        let update = "UPDATE events SET public = ? WHERE position = ?";
        log.execute(update, (&edited, position)).expect("the table can be written");
        if let Some(keys) = keys {
            let mac = keys.sign(Purpose::Event, &[&edited]);
            let update = "UPDATE events SET mac = ? WHERE position = ?";
            log.execute(update, (mac, position)).expect("the table can be written");
        }
    }

    pub(crate) fn run(&self, statements: &str) {
        self.log().execute_batch(statements).expect("whoever has the file can change it");
    }

    /// `audit verify` on the files, with more arguments.
    pub(crate) fn verify(&self, more: &[&str]) -> Ran {
        let data_dir = self.data_dir();
        let base = ["audit", "verify", "--json", "--data-dir", data_dir.to_str().expect("a path")];
        Terminal::new(self.home()).run(&[&base[..], more].concat())
    }

    /// The findings of a verification that finds something; none where it finds nothing.
    #[track_caller]
    pub(crate) fn findings(&self, more: &[&str]) -> Vec<Value> {
        let ran = self.verify(more);
        let findings = ran.json()["findings"].as_array().expect("findings").clone();
        assert_eq!(ran.code, Some(i32::from(!findings.is_empty())), "{}{}", ran.stdout, ran.stderr);
        findings
    }

    /// Verifies, and expects findings that hold these words each, beside others.
    #[track_caller]
    pub(crate) fn is_caught(&self, named: &[&[&str]]) {
        let findings = self.findings(&[]);
        let says: Vec<_> =
            findings.iter().map(|finding| finding["says"].as_str().unwrap_or_default()).collect();
        for words in named {
            let told = says.iter().any(|said| words.iter().all(|word| said.contains(word)));
            assert!(told, "nothing says {words:?}: {says:#?}");
        }
    }

    /// A checkpoint in a file, as an auditor keeps it.
    pub(crate) fn keep(&self, checkpoint: &str) -> String {
        let path = self.home().join("kept-checkpoint");
        fs::write(&path, checkpoint).expect("written");
        path.to_str().expect("a path").to_owned()
    }
}
