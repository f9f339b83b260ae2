use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

use crate::free_port::free_port;
use crate::kept::Kept;
use crate::needed::needed;
use crate::{Client, within};

/// What to do where the browser cannot be had, in one line.
const REMEDY: &str =
    "this test runs a real browser: `sudo apt-get install -y chromium chromium-driver`, or run `make test`";

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);

/// The driver that every browser of a test binary is started by. A static is never dropped; its keeper ends it all the
/// same, with every browser it has, and removes its home.
static DRIVER: OnceLock<Driver> = OnceLock::new();

/// A `chromedriver` on a free port, in a home for the profiles of its browsers.
pub(super) struct Driver {
    address: String,
    chromium: PathBuf,
    home: TempDir,
    _process: Kept,
}

impl Driver {
    /// The one that runs, or a new one.
    ///
    /// # Panics
    /// Where it does not start, with what it said, or what has to be installed.
    pub(super) fn running() -> &'static Self {
        DRIVER.get_or_init(Self::start)
    }

    fn start() -> Self {
        let (driver, chromium) = (needed("chromedriver", REMEDY), needed("chromium", REMEDY));
        let home = tempfile::tempdir().expect("a temporary directory");
        let port = free_port();
        let folder = home.path().display();
        // Nothing of whoever runs the tests is read, and nothing is left behind outside the home.
        let line = [
            "env".to_owned(),
            format!("HOME={folder}"),
            format!("TMPDIR={folder}"),
            driver.display().to_string(),
            format!("--port={port}"),
        ];
        let mut process = Kept::start(home.path(), &line);
        let address = format!("http://127.0.0.1:{port}");
        let status = Client::new(&address, None);
        let ready = within(START, || {
            let answers = status.get("/status").try_send().is_ok_and(|answer| answer.status == 200);
            (answers || process.has_ended()).then_some(answers)
        });
        let said = std::fs::read_to_string(home.path().join("said.log")).unwrap_or_default();
        assert_eq!(ready, Some(true), "chromedriver does not start; it says:\n{said}");
        Self { address, chromium, home, _process: process }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The browser that it starts.
    pub(super) fn chromium(&self) -> &Path {
        &self.chromium
    }

    /// An empty profile, which is removed when it is dropped.
    pub(super) fn profile(&self) -> TempDir {
        let mut profile = tempfile::Builder::new();
        profile.prefix("profile-").tempdir_in(self.home.path()).expect("a folder for a profile")
    }
}
