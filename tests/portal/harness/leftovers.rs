use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use keyledger_tests::{Browser, eventually};
use serde_json::json;

/// How long processes may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The folder of the browser's profile.
fn profile(browser: &Browser) -> String {
    let line = browser.devtools("Browser.getBrowserCommandLine", &json!({}));
    let flags = line["arguments"].as_array().expect("its flags").iter().filter_map(|flag| flag.as_str());
    let mut folders = flags.filter_map(|flag| flag.strip_prefix("--user-data-dir="));
    folders.next().expect("a folder among them").to_owned()
}

/// Whether a process still runs that was started with this text among its arguments.
fn runs(text: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("processes").map_while(Result::ok);
    let mut lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).contains(text))
}

#[test]
fn a_browser_that_is_let_go_ends_and_takes_its_profile_with_it() {
    let browser = Browser::open();
    let profile = profile(&browser);
    assert!(runs(&profile) && Path::new(&profile).is_dir(), "{profile}");
    drop(browser);
    eventually("the browser ends", PATIENCE, || !runs(&profile));
    assert!(!Path::new(&profile).exists(), "{profile}");
}

#[test]
#[ignore = "the test below runs it, in a process of its own"]
fn ends_without_a_word() {
    let browser = Browser::open();
    let home = Path::new(&profile(&browser)).parent().expect("a home").display().to_string();
    fs::write(std::env::var_os("KEYLEDGER_TEST_TELL").expect("a file to tell it in"), home)
        .expect("it is told");
    std::process::abort();
}

#[test]
fn a_test_process_that_is_killed_leaves_no_driver_no_browser_and_no_file() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let told = folder.path().join("home");
    // The file that runs now, also where Cargo has put another one in its place meanwhile.
    let mut test = Command::new("/proc/self/exe");
    test.args(["--exact", "harness::leftovers::ends_without_a_word", "--ignored"]);
    test.env("KEYLEDGER_TEST_TELL", &told).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(!test.status().expect("it starts").success(), "it should end badly");
    let home = fs::read_to_string(told).expect("it has told its home");
    eventually("driver and browser end", PATIENCE, || !runs(&home));
    eventually("the home is removed", PATIENCE, || !Path::new(&home).exists());
}
