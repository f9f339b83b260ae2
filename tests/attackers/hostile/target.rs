//! A registry to be spoken badly to.

use std::fs;
use std::time::Duration;

use keyledger_tests::{Created, Registry, Wire, eventually};

/// How long a client has to read its last answer, with what a busy machine adds; well below a second `CUT_OFF`.
pub(super) const FAREWELL: Duration = Duration::from_secs(3);

/// What is in every request, and must not come back.
pub(super) const MARK: &str = "zqNothingOfThisComesBackqz";

/// When a client that has not finished is cut off, and how much later a busy machine may do so.
pub(super) const CUT_OFF: Duration = Duration::from_secs(5);
pub(super) const SLACK: Duration = Duration::from_secs(4);

/// A registry, a key, and what was open before anybody spoke badly.
pub(super) struct Target {
    pub(super) registry: Registry,
    pub(super) key: Created,
    sockets: usize,
}

/// One listener, with a route of it that is good to begin with.
pub(super) struct Listener {
    pub(super) address: String,
    pub(super) route: &'static str,
    /// Whether it asks for a key.
    pub(super) guarded: bool,
}

impl Target {
    pub(super) fn new() -> Self {
        let registry = Registry::start();
        let key = registry.create("acme", "billing", &["client:read"]);
        // The helpers above keep a connection for later; so it is counted.
        assert_eq!(registry.health(&key.secret).status, 200);
        assert_eq!(registry.ops().get("/readyz").send().status, 200);
        let sockets = sockets(registry.pid());
        Self { registry, key, sockets }
    }

    pub(super) fn listeners(&self) -> [Listener; 3] {
        let all = self.registry.addresses();
        [
            Listener { address: all.command.clone(), route: "/v1/scopes", guarded: true },
            Listener { address: all.validator.clone(), route: "/v1/health", guarded: true },
            Listener { address: all.ops.clone(), route: "/livez", guarded: false },
        ]
    }

    /// All three answer as before, and have closed every connection that a client of these tests has left.
    #[track_caller]
    pub(super) fn is_unharmed(&self) {
        assert_eq!(self.registry.health(&self.key.secret).status, 200);
        assert_eq!(self.registry.ops().get("/readyz").send().status, 200);
        assert_eq!(self.registry.operator().get(&self.key.path()).send().status, 200);
        let closed = || sockets(self.registry.pid()) <= self.sockets;
        eventually("every connection is closed", CUT_OFF + SLACK, closed);
        assert!(!self.registry.stderr().contains("panicked"), "{}", self.registry.stderr());
    }
}

/// How many sockets a process holds.
fn sockets(pid: u32) -> usize {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).expect("the system tells about a process");
    let links = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

/// Sends bytes and nothing more, and reads all that comes until the connection is closed.
#[track_caller]
pub(super) fn until_closed(what: &str, address: &str, bytes: impl AsRef<[u8]>) -> String {
    let mut wire = Wire::connect(address);
    wire.send(bytes);
    let answer = wire.rest(CUT_OFF + SLACK);
    let answer = answer.unwrap_or_else(|| panic!("{what} at {address}: the connection stays open"));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(!answer.contains(MARK), "{what} at {address} comes back: {answer}");
    answer
}

/// The statuses of the answers that came over one connection.
pub(super) fn statuses(answers: &str) -> Vec<u16> {
    let lines = answers.split("HTTP/1.").skip(1);
    lines.filter_map(|line| line.get(2..5)?.parse().ok()).collect()
}
