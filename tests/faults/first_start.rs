//! The process is killed while it makes a registry of an empty directory.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use keyledger_tests::{Client, Dice, Launch, binary, soak};

/// Long enough for `init` to be through on a busy machine: kills are spread over it.
const SPREAD: u64 = 120;

#[test]
fn a_first_start_that_is_killed_anywhere_is_finished_or_begun_anew_by_the_next_one() {
    let mut dice = Dice::thrown_for("killed first start");
    let kills = if soak() { 1_000 } else { 40 };
    for _ in 0..kills {
        let home = tempfile::tempdir().expect("a temporary directory");
        let data = home.path().join("data");
        // Several in a row: what one leaves behind, the next is killed over.
        for _ in 0..1 + dice.below(3) {
            kill_while_it_begins(&data, Duration::from_millis(dice.below(SPREAD)));
        }
        let mut launch = Launch::on(home.path(), &[]);
        launch.expect_ready();
        let key = fs::read_to_string(data.join("operator-key")).expect("the operator's key was left");
        let operator = Client::new(&launch.addresses().command, Some(key.trim()));
        let catalogue = operator.get("/v1/scopes").send().expecting(200);
        assert!(catalogue.text().contains("clientEmail"), "the catalogue was recorded");
        assert!(launch.terminate().success(), "{}", launch.said());
        for left in ["keyring.unfinished", "unfinished"] {
            assert!(!data.join(left).exists(), "{left} holds keys, and nobody would look for them there");
        }
    }
}

fn kill_while_it_begins(data: &Path, after: Duration) {
    let mut command = Command::new(binary());
    command.arg("init").arg("--data-dir").arg(data).stdout(Stdio::null()).stderr(Stdio::null());
    let mut init = command.spawn().expect("the binary can be started");
    thread::sleep(after);
    // It may have come to its end already.
    let _ = init.kill();
    init.wait().expect("the process was ours to wait for");
}
