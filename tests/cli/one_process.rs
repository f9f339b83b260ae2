//! Who may work on a data directory: one process a role, and nobody without its keyring.

use std::fs;

use keyledger_tests::{Registry, Terminal};

fn second_serve(registry: &Registry) -> keyledger_tests::Ran {
    let data_dir = registry.data_dir().to_string_lossy().into_owned();
    let free = "127.0.0.1:0";
    let listen = ["--listen-command", free, "--listen-validator", free, "--listen-ops", free];
    registry.terminal().run(&[&["serve", "--data-dir", &data_dir], &listen[..]].concat())
}

#[test]
fn a_second_serve_on_a_data_directory_is_refused_and_names_the_first() {
    let mut registry = Registry::start();
    let key = registry.create("acme", "a", &["client:read"]);
    let refused = second_serve(&registry).exited(1);
    assert!(refused.stderr.contains(&format!("pid {}", registry.pid())), "{}", refused.stderr);
    assert_eq!(registry.health(&key.secret).status, 200, "the first goes on");
    // A killed process leaves no lock behind.
    registry.kill();
    registry.restart();
    assert_eq!(registry.health(&key.secret).status, 200);
}

#[test]
fn what_writes_is_refused_beside_serve_and_what_only_reads_works() {
    let registry = Registry::start();
    let terminal = registry.terminal();
    for writing in [["operator-key", "new"], ["projections", "rebuild"]] {
        let refused = terminal.run(&writing).exited(1);
        assert!(refused.error_line().contains(&format!("pid {}", registry.pid())), "{}", refused.stderr);
    }
    for reading in [["projections", "status"], ["keyring", "status"], ["config", "show"], ["config", "check"]]
    {
        terminal.run(&reading).exited(0);
    }
    assert_eq!(registry.ops().get("/readyz").send().status, 200);
}

#[test]
fn a_log_without_its_keyring_is_never_given_a_new_one() {
    let mut registry = Registry::start();
    registry.stop();
    let keyring = registry.data_dir().join("keyring");
    let kept = fs::read(&keyring).expect("the keyring");
    fs::remove_file(&keyring).expect("the keyring can be lost");

    let refusal = registry.try_restart().expect_err("it must not start");
    assert_eq!(refusal.code, Some(1));
    assert!(
        refusal.stderr.contains("keyring") && refusal.stderr.contains("put the keyring there"),
        "{refusal:?}"
    );
    let terminal = registry.terminal();
    terminal.run(&["operator-key", "new"]).exited(1);
    terminal.run(&["init"]).exited(1);
    assert!(!keyring.exists(), "it was replaced");

    fs::write(&keyring, kept).expect("the keyring can be put back");
    terminal.paste(&format!("chmod 600 '{}'", keyring.display())).exited(0);
    registry.restart();
    registry.operator().get("/v1/scopes").send().expecting(200);
}

/// A keyring that names the right log and holds the keys of another one, as after a restore gone wrong.
#[test]
fn a_keyring_with_wrong_keys_is_not_ready_says_why_and_never_forbids() {
    let mut registry = Registry::start();
    let key = registry.create("acme", "a", &["client:read"]);
    registry.stop();
    let keyring = |of: &Registry| fs::read_to_string(of.data_dir().join("keyring")).expect("the keyring");
    let keys_of = |text: &str| text[text.find("\n[[").expect("its first key")..].to_owned();
    let ours = keyring(&registry);
    let wrong = ours.replace(&keys_of(&ours), &keys_of(&keyring(&Registry::start())));
    fs::write(registry.data_dir().join("keyring"), wrong).expect("the keyring can be written");

    registry.restart();
    let ready = registry.ops().get("/readyz").send().expecting(503).text();
    assert!(ready.contains("holds no MAC key") && ready.contains("not this log's keyring"), "{ready}");
    assert_eq!(registry.ops().get("/livez").send().status, 200);
    let answer = registry.health(&key.secret).expecting(503);
    assert_eq!(answer.text(), r#"{"message":"Service Unavailable"}"#);
    let seconds: u64 = answer.header("retry-after").parse().expect("whole seconds");
    assert!(seconds >= 1);
    registry.management(&key.secret).get("/v1/scopes").send().problem(503, "cannot-know");
}

#[test]
fn a_key_of_the_keyring_that_was_altered_is_named_and_nothing_is_served() {
    let mut registry = Registry::start();
    registry.stop();
    let path = registry.data_dir().join("keyring");
    let text = fs::read_to_string(&path).expect("the keyring");
    let pepper = text.split('"').find(|part| part.len() == 64).expect("a key");
    let last = if pepper.ends_with('0') { "1" } else { "0" };
    let altered = text.replace(pepper, &format!("{}{last}", &pepper[..63]));
    fs::write(&path, altered).expect("the keyring can be written");

    let refusal = registry.try_restart().expect_err("it must not start");
    assert_eq!(refusal.code, Some(1));
    assert!(refusal.stderr.contains("was altered") && refusal.stderr.contains("safe copy"), "{refusal:?}");
    assert!(!refusal.stderr.contains(&pepper[..16]), "{refusal:?}");
}

#[test]
fn a_port_that_is_taken_is_named_in_one_line() {
    let registry = Registry::start();
    let home = tempfile::tempdir().expect("a temporary directory");
    let taken = registry.addresses().validator.trim_start_matches("http://").to_owned();
    let free = "127.0.0.1:0";
    let listen = ["--listen-command", free, "--listen-validator", &taken, "--listen-ops", free];
    let refused = Terminal::new(home.path()).run(&[&["serve"], &listen[..]].concat()).exited(1);
    let last = refused.stderr.lines().last().expect("a line");
    assert!(last.contains(&taken), "{}", refused.stderr);
    assert!(!refused.stderr.contains("panicked"), "{}", refused.stderr);
}
