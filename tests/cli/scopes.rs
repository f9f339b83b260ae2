//! `keyledger scopes …`: the catalogue, and who loses what by a change of it.

use std::fs;

use keyledger_tests::Registry;
use serde_json::json;

use crate::SHARED;

const WITHOUT_SITES: &str = r#"
[[resource]]
name = "client"
verbs = ["read", "write"]
children = ["clientEmail"]
describe = { read = "All GET endpoints under /v1/client" }

[[resource]]
name = "clientEmail"
verbs = ["read", "write"]
"#;

#[test]
fn the_catalogue_is_shown_to_people_machines_and_as_the_file_that_apply_takes() {
    let registry = SHARED.get();
    let terminal = registry.terminal();
    let table = terminal.run(&["scopes", "show"]).exited(0).stdout;
    assert!(table.contains("client:read") && table.contains("clientEmail:read"), "{table}");
    let shown = terminal.run(&["scopes", "show", "--json"]).exited(0).json();
    assert_eq!(shown["resources"].as_array().map(Vec::len), Some(6));

    let file = terminal.run(&["scopes", "show", "--toml"]).exited(0).stdout;
    fs::write(registry.home().join("shown.toml"), file).expect("the file can be written");
    let applied = terminal.run(&["scopes", "apply", "shown.toml", "--json"]).exited(0).json();
    assert_eq!(applied["losing"], json!([]), "what is shown can be applied, and changes nothing");
}

#[test]
fn a_change_by_which_keys_lose_something_is_shown_and_agreed_to_first() {
    let registry = Registry::start();
    let terminal = registry.terminal();
    let key = registry.create("acme", "sites", &["site:read", "client:read"]);
    fs::write(registry.home().join("scopes.toml"), WITHOUT_SITES).expect("the file can be written");
    let dry = terminal.run(&["scopes", "apply", "scopes.toml", "--dry-run", "--json"]).exited(0).json();
    assert_eq!(dry["losing"][0]["keyId"], key.id);
    assert_eq!(dry["losing"][0]["scopes"], json!(["site:read"]));

    let unasked = terminal.run(&["scopes", "apply", "scopes.toml"]).exited(1);
    assert!(unasked.stderr.contains("site:read") && unasked.stderr.contains("--yes"), "{}", unasked.stderr);
    assert_eq!(registry.authorize(&key.secret, "scope=site:read").status, 200, "nothing was changed");

    terminal.run(&["scopes", "apply", "scopes.toml", "--yes"]).exited(0);
    assert_eq!(registry.authorize(&key.secret, "scope=site:read").status, 403);
    assert_eq!(registry.authorize(&key.secret, "scope=client:read").status, 200);
    for shown in [vec!["list"], vec!["show", "--key", &key.id]] {
        let shown = terminal.run(&[&["keys"], &shown[..], &["--partner", "acme"]].concat()).exited(0);
        assert!(shown.stdout.contains("client:read site:read(lost)"), "{}", shown.stdout);
        assert!(shown.stderr.contains("grants nothing"), "{}", shown.stderr);
    }
}

#[test]
fn a_faulty_file_is_refused_with_every_fault_in_one_line() {
    let registry = SHARED.get();
    let terminal = registry.terminal();
    let faulty = "[[resource]]\nname = \"registry\"\nverbs = [\"operate\"]\n[[resource]]\nname = \"a b\"\nverbs = []\n";
    fs::write(registry.home().join("faulty.toml"), faulty).expect("the file can be written");
    let refused = terminal.run(&["scopes", "apply", "faulty.toml", "--yes"]).exited(1);
    for part in ["faulty.toml", "registry", "a b"] {
        assert!(refused.error_line().contains(part), "{part} in {}", refused.stderr);
    }
    let missing = terminal.run(&["scopes", "apply", "missing.toml"]).exited(1);
    assert!(missing.error_line().contains("missing.toml"), "{}", missing.stderr);
}
