use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{self, Runtime};

use super::capabilities::capabilities;
use super::command::Command;
use super::console::Console;
use super::driver::Driver;

/// How long something may take to come or to go on a busy machine.
const PATIENCE: Duration = Duration::from_secs(15);

/// What came of a question.
pub(super) type Asked<T> = Result<T, Box<CmdError>>;

/// Where the futures of the browsers run; no test sees one.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = runtime::Builder::new_multi_thread();
    runtime.worker_threads(1).enable_all().build().expect("a runtime")
});

/// A browser with an empty profile, on one of its tabs. Dropping it ends it.
pub struct Browser {
    client: Client,
    pub(super) console: Mutex<Console>,
    pub(super) patience: Duration,
    _profile: TempDir,
}

impl Browser {
    /// Opens one, on an empty page. The first of a test binary starts the driver of all.
    ///
    /// # Panics
    /// Where it does not open, or with what has to be installed.
    #[must_use]
    #[track_caller]
    pub fn open() -> Self {
        let driver = Driver::running();
        let profile = driver.profile();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(driver.chromium(), profile.path()));
        match RUNTIME.block_on(builder.connect(driver.address())) {
            Ok(client) => Self { client, console: Mutex::default(), patience: PATIENCE, _profile: profile },
            Err(error) => panic!("no browser opens: {error}"),
        }
    }

    /// Waits this long for everything from now on, instead of 15 s.
    pub fn be_patient_for(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Asks the driver, and waits for its answer.
    pub(super) fn ask<T>(&self, question: impl AsyncFnOnce(&Client) -> Result<T, CmdError>) -> Asked<T> {
        RUNTIME.block_on(question(&self.client)).map_err(Box::new)
    }

    /// What came of something that must not fail.
    #[track_caller]
    pub(super) fn done<T>(&self, what: &str, outcome: Asked<T>) -> T {
        match outcome {
            Ok(done) => done,
            Err(error) => self.fail(&format!("{what}: {error}")),
        }
    }

    /// Goes to an address; one without a host is on that of the page.
    ///
    /// # Panics
    /// Where nobody answers there.
    #[track_caller]
    pub fn goto(&self, url: &str) {
        self.done("the page does not load", self.ask(async |client| client.goto(url).await));
    }

    /// The address of the page.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[must_use]
    #[track_caller]
    pub fn url(&self) -> String {
        self.done("no address", self.ask(async |client| client.current_url().await)).into()
    }

    /// The status that the page came with.
    ///
    /// # Panics
    /// Where it came from nowhere.
    #[must_use]
    #[track_caller]
    pub fn status(&self) -> u16 {
        let script = "return performance.getEntriesByType('navigation')[0]?.responseStatus";
        let status = self.execute(script, &[]).as_u64().and_then(|status| u16::try_from(status).ok());
        match status {
            Some(status) => status,
            None => self.fail("the page has no status"),
        }
    }

    /// The page as it is now, as HTML: what somebody sees who looks at its source.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[must_use]
    #[track_caller]
    pub fn source(&self) -> String {
        self.done("no source", self.ask(async |client| client.source().await))
    }

    /// Goes back, as the button does.
    ///
    /// # Panics
    /// Where that page does not load.
    #[track_caller]
    pub fn back(&self) {
        self.done("the page before does not load", self.ask(async |client| client.back().await));
    }

    /// Loads the page again, as the button does; one that answered to a form sends the form again, without a question.
    ///
    /// # Panics
    /// Where it does not load.
    #[track_caller]
    pub fn reload(&self) {
        self.done("the page does not load again", self.ask(async |client| client.refresh().await));
    }

    /// Runs a script in the page, with `arguments`, and waits for what it returns, also where that is a promise. The
    /// page's CSP does not stop it.
    ///
    /// # Panics
    /// Where it throws.
    #[track_caller]
    pub fn execute(&self, script: &str, arguments: &[Value]) -> Value {
        let outcome = self.ask(async |client| client.execute(script, arguments.to_vec()).await);
        self.done("a script fails", outcome)
    }

    /// A command of Chromium's DevTools protocol, for what nothing else here does.
    ///
    /// # Panics
    /// Where it is refused.
    #[track_caller]
    pub fn devtools(&self, method: &str, parameters: &Value) -> Value {
        let command = Command::devtools(method, parameters);
        self.done(method, self.ask(async |client| client.issue_cmd(command).await))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Where the driver is gone, so is the browser.
        let _ = self.ask(async |client| client.clone().close().await);
    }
}
