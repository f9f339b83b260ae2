//! A stopped registry with a little history, to be tampered with.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use keyledger_tests::{Client, Created, Launch, Registry};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

/// The history: what stands at which position of its log.
pub(super) const CREATED: i64 = 4;
pub(super) const RENAMED: i64 = 5;
pub(super) const NARROWED: i64 = 6;
pub(super) const OTHER_CREATED: i64 = 7;
pub(super) const OTHER_REVOKED: i64 = 8;
pub(super) const LAST_CREATED: i64 = 9;
pub(super) const LAST_REVOKED: i64 = 10;

/// A registry that was stopped.
pub(super) struct Scene {
    registry: Registry,
    /// A key that was renamed, then lost a scope.
    pub(super) narrowed: Created,
    /// A key that was revoked in the middle of the log.
    pub(super) revoked: Created,
    /// A key that was revoked by the last event of the log.
    pub(super) revoked_last: Created,
}

/// What an insider leaves alone, and so what the next start can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Models {
    /// The read models and the snapshots are those of the true log.
    Intact,
    /// They are gone, and are made anew from what lies there.
    Gone,
}

/// A copy of the registry, for one attempt.
pub(super) struct Copy {
    home: TempDir,
}

impl Scene {
    pub(super) fn new() -> Self {
        let mut registry = Registry::start();
        let operator = registry.operator();
        let head = || operator.get("/v1/scopes").send().expecting(200).position();
        // The catalogue, the operator's key, and one that makes the history the same wherever it begins.
        while head() < 3 {
            let _ = registry.create("initech", "filler", &["client:read"]);
        }
        assert_eq!(head(), 3, "the history begins where the tests believe");
        let narrowed = registry.create("acme", "billing", &["client:read", "site:write"]);
        let edit = |body| operator.patch(&narrowed.path(), &body).send().expecting(200);
        edit(json!({ "name": "invoices" }));
        edit(json!({ "scopes": ["client:read"] }));
        let revoked = registry.create("acme", "leaked", &["client:read"]);
        registry.revoke(&revoked);
        let revoked_last = registry.create("globex", "leaked too", &["client:read"]);
        registry.revoke(&revoked_last);
        assert_eq!(head(), LAST_REVOKED.unsigned_abs());
        assert!(registry.stop().success(), "{}", registry.stderr());
        Self { registry, narrowed, revoked, revoked_last }
    }

    pub(super) fn copy(&self, models: Models) -> Copy {
        let home = tempfile::tempdir().expect("a temporary directory");
        let copy = Copy { home };
        copy_folder(&self.registry.data_dir(), &copy.data_dir());
        if models == Models::Gone {
            copy.forget_models();
        }
        copy
    }

    /// Tampers with the log. Where the models are gone, the next start refuses; where they are intact, it may go on with
    /// them, and raises the alarm. Both times it says all the words given for it, no secret of a dead key is valid, and no
    /// key may do what it lost.
    #[track_caller]
    pub(super) fn notices(&self, tamper: impl Fn(&Connection), intact: &[&str], gone: &[&str]) {
        let copy = self.copy(Models::Gone);
        tamper(&copy.log());
        self.refuses(&copy, gone);
        let copy = self.copy(Models::Intact);
        tamper(&copy.log());
        let mut launch = Launch::on(copy.home.path(), &[]);
        self.nothing_dead_is_valid(&launch);
        launch.expect_alarm(intact);
        self.nothing_dead_is_valid(&launch);
    }

    /// Starts on a copy that was tampered with.
    #[track_caller]
    pub(super) fn refuses(&self, copy: &Copy, words: &[&str]) {
        let mut launch = Launch::on(copy.home.path(), &[]);
        launch.expect_refusal(words);
        self.nothing_dead_is_valid(&launch);
    }

    /// Starts on a copy where what was tampered with does not matter.
    #[track_caller]
    pub(super) fn starts_nevertheless(&self, copy: &Copy) -> Launch {
        let mut launch = Launch::on(copy.home.path(), &[]);
        launch.expect_ready();
        self.nothing_dead_is_valid(&launch);
        launch
    }

    #[track_caller]
    fn nothing_dead_is_valid(&self, launch: &Launch) {
        for dead in [&self.revoked, &self.revoked_last] {
            is_not_valid(launch, &dead.secret);
        }
        let validator = Client::new(&launch.addresses().validator, None);
        let lost = validator.get("/v1/authorize?scope=site:write").key(&self.narrowed.secret).try_send();
        assert!(lost.is_err() || lost.is_ok_and(|answer| answer.status != 200), "it may do what it lost");
    }
}

/// Checks that nobody accepts a secret: neither as a key of the API nor of the registry.
#[track_caller]
pub(super) fn is_not_valid(launch: &Launch, secret: &str) {
    let validator = Client::new(&launch.addresses().validator, None);
    // Nobody accepts it where nobody answers.
    if let Ok(answer) = validator.get("/v1/health").key(secret).try_send() {
        assert_ne!(answer.status, 200, "accepted: {}", launch.said());
    }
    if let Ok(answer) = validator.post("/v1/verify", &json!({ "key": secret })).try_send() {
        assert!(answer.status == 503 || answer.json()["valid"] == false, "{}", answer.text());
    }
    let command = Client::new(&launch.addresses().command, Some(secret));
    if let Ok(answer) = command.get("/v1/scopes").try_send() {
        assert!(matches!(answer.status, 401 | 503), "{}", answer.text());
    }
}

impl Copy {
    /// Where it is started.
    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The log, as whoever has the file can open it.
    pub(super) fn log(&self) -> Connection {
        Connection::open(self.data_dir().join("log.db")).expect("the log is an SQLite database")
    }

    /// The read models, likewise.
    pub(super) fn read_models(&self) -> Connection {
        Connection::open(self.data_dir().join("read-models.db")).expect("the read models are one too")
    }

    /// The snapshots there are; at least one.
    pub(super) fn snapshots(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.data_dir().join("snapshots")).expect("the folder of snapshots");
        let paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        assert!(!paths.is_empty(), "a stop leaves a snapshot");
        paths
    }

    pub(super) fn forget_models(&self) {
        for path in self.snapshots() {
            fs::remove_file(path).expect("a snapshot can be removed");
        }
        fs::remove_file(self.data_dir().join("read-models.db")).expect("the read models can be removed");
        for rest in ["read-models.db-wal", "read-models.db-shm"] {
            // A clean stop leaves neither.
            let _ = fs::remove_file(self.data_dir().join(rest));
        }
    }
}

/// Copies all there is, with its permissions: a keyring that others can read is refused.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("its mode");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let copy = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            fs::copy(&path, &copy).expect("a copy");
        }
    }
}
