//! The first start: a new installation says what to try next, and it works when it is pasted.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use keyledger_tests::{Registry, Terminal};

/// A server that a person started; it is killed, by its handle, when the test ends.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `serve` as a person does; it with all that it said until the last line to try.
fn serve(terminal: &Terminal) -> (Started, String) {
    let mut command = terminal.command();
    command.args(["serve", "--data-dir", "my data", "--listen-command", "127.0.0.1:0"]);
    command.args(["--listen-validator", "127.0.0.1:0", "--listen-ops", "127.0.0.1:0"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary can be started");
    let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
    let mut said = String::new();
    for line in stdout.lines().map_while(Result::ok) {
        said.push_str(&line);
        said.push('\n');
        if line.contains("Just trying") {
            break;
        }
    }
    (Started(child), said)
}

#[test]
fn what_the_first_start_says_to_try_next_works_when_it_is_pasted() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let terminal = Terminal::new(home.path());
    let (_server, said) = serve(&terminal);
    let next =
        said.split_once("Try next").map(|(_, next)| next).unwrap_or_else(|| panic!("nothing to try: {said}"));
    let lines: Vec<_> = next.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert!(lines.len() >= 3, "{said}");
    let file = home.path().join("my data/operator-key");
    assert!(said.contains(&*file.file_name().expect("a name").to_string_lossy()), "{said}");
    let key = fs::read_to_string(&file).expect("the operator key");
    assert!(!said.contains(key.trim()), "the key itself is printed to a terminal only");

    let ran = terminal.paste(&format!("set -eu\n{}", lines.join("\n"))).exited(0);
    assert_eq!(ran.stdout.matches("200 OK").count(), 2, "{}", ran.stdout);
    assert!(ran.stdout.contains(r#"{"status":"ok"}"#), "{}", ran.stdout);
    assert!(ran.stdout.contains("REVOKED"), "{}", ran.stdout);
}

#[test]
fn the_files_of_a_new_installation_are_for_their_owner_alone() {
    let registry = Registry::start();
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    let data = registry.data_dir();
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("keyring")), 0o600);
    assert_eq!(mode(&data.join("operator-key")), 0o600);
    assert_eq!(mode(&data.join("last-used.db")), 0o600);
    for file in ["log.db", "read-models.db"] {
        assert!(data.join(file).is_file(), "{file}");
    }
    assert_eq!(registry.operator_key().len(), 51);
}

#[test]
fn a_second_start_says_where_everything_is_and_makes_nothing_new() {
    let mut registry = Registry::start();
    let key = registry.operator_key();
    registry.stop();
    registry.restart();
    assert_eq!(registry.operator_key(), key);
    fs::remove_file(registry.data_dir().join("operator-key"))
        .expect("the key can be moved to a secret store");
    registry.stop();
    registry.restart();
    assert!(!registry.data_dir().join("operator-key").exists());
    registry.management(&key).get("/v1/scopes").send().expecting(200);
}

#[test]
fn init_makes_a_registry_without_running_one() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let terminal = Terminal::new(home.path());
    let made = terminal.run(&["init", "--data-dir", "data", "--json"]).exited(0).json();
    let key = made["operatorKey"].as_str().expect("the operator key").to_owned();
    assert_eq!(fs::read_to_string(home.path().join("data/operator-key")).expect("its file").trim(), key);
    let again = terminal.run(&["init", "--data-dir", "data"]).exited(1);
    assert!(again.error_line().contains("is the log of a registry already"), "{}", again.stderr);

    let other = terminal.run(&["init", "--data-dir", "other"]).exited(0);
    assert!(other.stdout.contains("operator-key"), "{}", other.stdout);
    let other_key = fs::read_to_string(home.path().join("other/operator-key")).expect("its file");
    assert!(!other.stdout.contains(other_key.trim()), "the key itself is printed to a terminal only");

    let registry = Registry::in_home(home, &[]);
    registry.management(&key).get("/v1/scopes").send().expecting(200);
}

#[test]
fn init_takes_a_catalogue_and_refuses_a_faulty_one_before_anything_is_made() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let terminal = Terminal::new(home.path());
    let write =
        |text: &str| fs::write(home.path().join("scopes.toml"), text).expect("the file can be written");
    let init = ["init", "--data-dir", "data", "--scopes", "scopes.toml"];
    for faulty in [
        "[[resource]]\nname = \"registry\"\nverbs = [\"operate\"]\n",
        "[[resource]]\nname = \"invoice\"\nverbs = [\"read\"]\nchildren = [\"missing\"]\n",
        "[[resources]]\nname = \"invoice\"\n",
        "not toml",
    ] {
        write(faulty);
        let refused = terminal.run(&init).exited(1);
        assert!(refused.error_line().contains("scopes.toml"), "{}", refused.stderr);
    }
    write(
        "[[resource]]\nname = \"invoice\"\nverbs = [\"read\", \"pay\"]\ndescribe = { read = \"See invoices\" }\n",
    );
    terminal.run(&init).exited(0);
    let registry = Registry::in_home(home, &[]);
    let catalogue = registry.operator().get("/v1/scopes").send().expecting(200).json();
    assert_eq!(catalogue["resources"][0]["name"], "invoice");
    assert_eq!(catalogue["resources"].as_array().map(Vec::len), Some(1));
    let key = registry.create("acme", "a", &["invoice:pay"]);
    assert_eq!(registry.authorize(&key.secret, "scope=invoice:pay").status, 200);
}

#[test]
fn a_directory_that_holds_something_else_is_left_alone() {
    let home = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(home.path().join("data")).expect("a directory");
    fs::write(home.path().join("data/thesis.txt"), "mine").expect("the file can be written");
    let terminal = Terminal::new(home.path());
    let refused = terminal.run(&["init", "--data-dir", "data"]).exited(1);
    assert!(refused.error_line().contains("not empty"), "{}", refused.stderr);
    let mut left = String::new();
    let mut file = fs::File::open(home.path().join("data/thesis.txt")).expect("the file is still there");
    file.read_to_string(&mut left).expect("the file can be read");
    assert_eq!(left, "mine");
}
