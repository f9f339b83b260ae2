//! The machine and the process: clocks, randomness, arguments, variables. Everything else takes them as arguments, so
//! this is the one module that may ask.

use std::{
    ffi::OsString,
    path::{self, PathBuf},
    time::{Instant, SystemTime},
};

use keyledger_domain::{Clock, Timestamp};
use keyledger_secret::Randomness;
use keyledger_validator::Monotonic;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read for everybody else")]
    fn now(&self) -> Timestamp {
        // A machine that believes in a year before 1970 gets 1970: `Timestamp` knows no earlier one.
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OsRandomness;

impl Randomness for OsRandomness {
    #[expect(clippy::disallowed_methods, reason = "this is where randomness is drawn for everybody else")]
    fn fill(&self, bytes: &mut [u8]) {
        // A predictable secret would be worse than none.
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// What this machine calls itself.
pub(crate) fn host_name() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let told = told.trim();
    if told.is_empty() { "validator".to_owned() } else { told.to_owned() }
}

/// The command line, the program's name first.
#[expect(clippy::disallowed_methods, reason = "this is where the command line is read for everybody else")]
pub(crate) fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os()
}

/// How this program can be called from any directory: by its name where it was found by that, else by its whole path.
pub(crate) fn program() -> PathBuf {
    let named = arguments().next().map_or_else(|| PathBuf::from("keyledger"), PathBuf::from);
    if named.components().count() > 1 { path::absolute(&named).unwrap_or(named) } else { named }
}

/// The variables of the process. What is not text shows as such in a value, and keeps a name from being a setting.
#[expect(clippy::disallowed_methods, reason = "this is where variables are read for everybody else")]
pub(crate) fn variables() -> Vec<(String, String)> {
    let as_text = |text: OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (as_text(name), as_text(value))).collect()
}

/// Where programs of this user keep what can be made again (XDG Base Directory Specification); none where the environment
/// says nothing.
#[expect(clippy::disallowed_methods, reason = "this is where variables are read for everybody else")]
pub(crate) fn cache_directory() -> Option<PathBuf> {
    let named = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")))
}

/// A stopwatch that began with the process, or with whoever made it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    pub(crate) fn start() -> Self {
        Self(instant())
    }

    /// What it showed, or will show, at a moment; 0 before it began.
    pub(crate) fn nanos_at(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.0).as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Monotonic for Stopwatch {
    fn nanos(&self) -> u64 {
        self.nanos_at(instant())
    }
}

/// The present moment of the clock that never goes back.
#[expect(clippy::disallowed_methods, reason = "this is where that clock is read for everybody else")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}
