//! What every command has in common.

use keyledger_tests::{Terminal, unknown_secret, with_checksum};

use crate::SHARED;

/// Every command and every group of commands, as its words.
const COMMANDS: [&str; 31] = [
    "serve",
    "init",
    "keys create",
    "keys list",
    "keys show",
    "keys regenerate",
    "keys end-overlap",
    "keys edit",
    "keys revoke",
    "keys history",
    "revoke",
    "events",
    "scopes show",
    "scopes apply",
    "operator-key new",
    "projections status",
    "projections rebuild",
    "keyring status",
    "keyring add",
    "keyring activate",
    "keyring retire",
    "config show",
    "config check",
    "config reference",
    "completions",
    "keys",
    "scopes",
    "operator-key",
    "projections",
    "keyring",
    "config",
];

fn terminal() -> (tempfile::TempDir, Terminal) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let terminal = Terminal::new(home.path());
    (home, terminal)
}

#[test]
fn every_command_explains_itself_and_gives_an_example() {
    let (_home, terminal) = terminal();
    for command in COMMANDS {
        let words: Vec<_> = command.split(' ').chain(["--help"]).collect();
        let help = terminal.run(&words).exited(0);
        assert!(help.stdout.contains("Usage: keyledger"), "{command}: {}", help.stdout);
        assert!(help.stdout.contains("Example"), "{command}: {}", help.stdout);
        assert_eq!(help.stderr, "", "{command}");
    }
    let all = terminal.run(&["--help"]).exited(0).stdout;
    for command in COMMANDS {
        let first = command.split(' ').next().expect("a word");
        assert!(all.contains(&format!("\n  {first}")), "{first} is missing in {all}");
    }
    assert!(terminal.run(&["--version"]).exited(0).stdout.starts_with("keyledger "));
}

#[test]
fn wrong_usage_exits_2_with_one_line_that_says_where_help_is() {
    let (_home, terminal) = terminal();
    let wrong: [&[&str]; 15] = [
        &[],
        &["frobnicate"],
        &["keys"],
        &["keys", "create", "--partner", "acme"],
        &["keys", "show", "--partner", "acme", "--key", "not-an-id"],
        &[
            "keys",
            "regenerate",
            "--partner",
            "a",
            "--key",
            "0198c7a0-0000-7000-8000-000000000001",
            "--overlap",
            "8d",
        ],
        &["revoke", "--reason", "x"],
        &["revoke", "--prefix", "hT4kQ9xZ", "--partner", "acme", "--all", "--reason", "x"],
        &["completions", "powerpoint"],
        &["serve", "--listen-command", "nonsense"],
        &["keys", "list", "--partner", "acme", "--url", "x"],
        &["config", "show", "--url", "http://127.0.0.1:1/path"],
        &["config", "show", "--data-dir", ""],
        &["operator-key", "new", "--name", ""],
        &["revoke", "--prefix", "hT4kQ9xZ", "--reason", "x", "--idempotency-key", "\n"],
    ];
    for arguments in wrong {
        let ran = terminal.run(arguments).exited(2);
        assert!(ran.error_line().contains("--help"), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}

#[test]
fn a_secret_among_the_arguments_is_refused_and_not_repeated() {
    let (_home, terminal) = terminal();
    let ours = unknown_secret();
    let of_another_installation = with_checksum(&unknown_secret()[..45].replace("_kl1_", "_zz9_"));
    for secret in [ours, of_another_installation] {
        for arguments in
            [["revoke", "--prefix", &secret, "--reason=x"], ["keys", "list", "--partner", &secret]]
        {
            let ran = terminal.run(&arguments).exited(2);
            assert!(ran.error_line().contains("revoke that key"), "{}", ran.stderr);
            assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(&secret[13..]), "{}", ran.stderr);
        }
    }
}

#[test]
fn without_a_registry_or_a_key_one_line_says_what_to_do() {
    let (home, terminal) = terminal();
    let list = ["keys", "list", "--partner", "acme", "--data-dir", "nowhere"];
    let no_key = terminal.run(&list).exited(1);
    assert!(no_key.error_line().contains("client.key_file"), "{}", no_key.stderr);

    let key_file = home.path().join("key");
    std::fs::write(&key_file, "junk\n").expect("the file can be written");
    let key_file = key_file.to_string_lossy().into_owned();
    let list = ["keys", "list", "--partner", "acme", "--key-file", &key_file, "--url"];
    // Port 9 is for discarding; nobody listens there.
    let nobody = terminal.run(&[&list[..], &["http://127.0.0.1:9"]].concat()).exited(1);
    assert!(nobody.error_line().contains("keyledger serve"), "{}", nobody.stderr);

    let registry = SHARED.get();
    let unknown = terminal.run(&[&list[..], &[&registry.addresses().command]].concat()).exited(1);
    assert!(unknown.error_line().contains("client.key_file"), "{}", unknown.stderr);
    let elsewhere = terminal.run(&[&list[..], &[&registry.addresses().ops]].concat()).exited(1);
    assert!(elsewhere.error_line().contains("client.url"), "{}", elsewhere.stderr);
}

#[test]
fn completions_are_printed_for_each_shell() {
    let (_home, terminal) = terminal();
    for shell in ["bash", "zsh", "fish"] {
        let script = terminal.run(&["completions", shell]).exited(0).stdout;
        assert!(script.contains("keyledger") && script.contains("end-overlap"), "{shell}");
    }
    let bash = terminal.run(&["completions", "bash"]).exited(0).stdout;
    std::fs::write(_home.path().join("completions"), bash).expect("the file can be written");
    terminal.paste("if command -v bash >/dev/null; then bash -n completions; fi").exited(0);
}
