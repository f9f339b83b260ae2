//! `docs/deploy` says what this release understands: its settings, its commands, its roles.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use keyledger_tests::Terminal;
use serde_json::json;

const ROLES: [&str; 5] = ["command-service", "projector", "validator", "relay", "signer"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy")
}

/// The files of a folder of the deployment that people copy, each with its text; what `secrets.sh` made is not among them.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name == "secrets" {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((name, fs::read_to_string(&path).expect("a text")));
        }
    }
    found
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn terminal() -> (tempfile::TempDir, Terminal) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let terminal = Terminal::new(home.path());
    (home, terminal)
}

/// The lines of a service in the compose file, without those of the next.
fn service<'a>(compose: &'a str, name: &str) -> Vec<&'a str> {
    let mut lines = compose.lines().skip_while(|line| !line.starts_with("services:"));
    let head = format!("  {name}:");
    lines.by_ref().find(|line| line.starts_with(&head)).unwrap_or_else(|| panic!("no service {name}"));
    lines.take_while(|line| line.is_empty() || line.starts_with("   ")).collect()
}

fn services(compose: &str) -> Vec<&str> {
    let lines = compose.lines().skip_while(|line| !line.starts_with("services:")).skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
    let names =
        lines.filter(|line| line.starts_with("  ") && !line.starts_with("   ") && !line.contains('#'));
    names.filter_map(|line| line.trim().split(':').next()).collect()
}

/// The settings among some lines, as a container gets them where nobody sets `LOG_STORE` and `LOG_URL`.
fn settings(lines: &[&str]) -> Vec<(String, String)> {
    let pairs = lines.iter().filter_map(|line| line.trim().split_once(": "));
    let pairs = pairs.filter(|(name, _)| name.starts_with("KEYLEDGER_"));
    pairs.map(|(name, value)| (name.to_owned(), plain(value))).collect()
}

fn plain(value: &str) -> String {
    let value = value.trim_matches('"');
    let default = value.strip_prefix("${").and_then(|value| value.strip_suffix('}')?.split_once(":-"));
    default.map_or(value, |(_, default)| default).to_owned()
}

#[test]
fn every_variable_is_a_setting() {
    let (_home, terminal) = terminal();
    let all = terminal.run(&["config", "show", "--json"]).exited(0).json();
    let known = all["settings"].as_array().expect("a list").iter();
    let known = known.map(|setting| setting["name"].as_str().expect("a name").to_uppercase());
    let known: BTreeSet<_> = known.map(|name| format!("KEYLEDGER_{}", name.replace('.', "__"))).collect();
    let mut seen = 0;
    for (file, text) in files(&folder()) {
        for (at, _) in text.match_indices("KEYLEDGER_") {
            let end = text[at..].find(|letter: char| !letter.is_ascii_uppercase() && letter != '_');
            let name = &text[at..end.map_or(text.len(), |end| at + end)];
            assert!(known.contains(name), "{file}: {name} is no setting");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} were found");
}

#[test]
fn the_settings_of_each_file_and_of_each_container_can_be_used() {
    let (home, terminal) = terminal();
    let check = |terminal: &Terminal, what: &str, more: &[&str]| {
        let checked = terminal.run(&[&["config", "check", "--json"], more].concat());
        assert_eq!(checked.code, Some(0), "{what}: {}{}", checked.stdout, checked.stderr);
        assert_eq!(checked.json()["faults"], json!([]), "{what}");
    };
    for role in ROLES.iter().chain(&["serve"]) {
        let file = format!("config/{role}.toml");
        // Their data directories are of another machine than this one.
        let path = home.path().join("keyledger.toml");
        fs::write(&path, text(&file).replace("/var/lib/", "/nowhere/")).expect("a file");
        check(&terminal, &file, &[]);
        fs::remove_file(path).expect("removed");
    }
    let compose = text("compose.yaml");
    let shared: Vec<_> = compose.lines().take_while(|line| !line.starts_with("services:")).collect();
    let shared = settings(&shared);
    assert!(!shared.is_empty());
    let mut checked = 0;
    for name in services(&compose) {
        let lines = service(&compose, name);
        let own = settings(&lines);
        if own.is_empty() {
            continue;
        }
        // A service may take those of another one, and change some of them.
        let taken =
            lines.iter().find_map(|line| line.trim().strip_prefix("<<: *")?.strip_suffix("-settings"));
        let taken = taken.and_then(|of| {
            let anchor = format!("&{of}-settings");
            services(&compose).into_iter().find(|other| service(&compose, other).join("\n").contains(&anchor))
        });
        let taken = taken.map(|other| settings(&service(&compose, other))).unwrap_or_default();
        let all = shared.iter().chain(&taken).chain(&own);
        check(&all.fold(terminal.clone(), |terminal, (name, value)| terminal.set(name, value)), name, &[]);
        checked += 1;
    }
    assert_eq!(checked, 7, "the five roles, one of them twice, and the tables");
    let other: Vec<_> = text("kurrentdb.env").lines().map(str::to_owned).collect();
    let of = |name: &str| other.iter().find_map(|line| line.strip_prefix(&format!("{name}=")));
    let (store, url) = (of("LOG_STORE").expect("a store"), of("LOG_URL").expect("a URL"));
    let elsewhere = terminal.set("KEYLEDGER_LOG__STORE", store).set("KEYLEDGER_LOG__URL", url);
    check(&elsewhere, "kurrentdb.env", &[]);
}

#[test]
fn every_command_is_one_with_the_flags_that_it_has() {
    let (_home, terminal) = terminal();
    let mut seen = BTreeSet::new();
    let mut try_out = |file: &str, words: Vec<&str>| {
        terminal.run(&[&words[..], &["--help"]].concat()).exited(0);
        assert!(!words.is_empty(), "{file} has a command without words");
        seen.insert(words[0].to_owned());
    };
    for (file, text) in files(&folder()) {
        let mut in_shell = file.ends_with(".sh");
        for line in text.lines() {
            if file.ends_with(".md") && line.trim_start().starts_with("```") {
                in_shell = line.trim() == "```sh";
                continue;
            }
            let line = line.trim();
            if let Some(words) = line.strip_prefix("ExecStart=/usr/local/bin/keyledger ") {
                try_out(&file, words.split_whitespace().collect());
            } else if let Some(words) =
                line.strip_prefix("command: [").and_then(|rest| rest.strip_suffix(']'))
            {
                try_out(&file, words.split(", ").collect());
            } else if in_shell && !line.starts_with('#') {
                for (at, _) in line.match_indices("keyledger ") {
                    let whole = at == 0 || line[..at].ends_with([' ', '/']);
                    let words = line[at..].split_whitespace().skip(1);
                    let words: Vec<_> =
                        words.take_while(|word| !word.starts_with(['>', '&', '|', '#', '\\'])).collect();
                    // `docker build … -t keyledger .`, and the name of a user, are no commands.
                    if whole
                        && words
                            .first()
                            .is_some_and(|word| word.starts_with(|it: char| it.is_ascii_lowercase()))
                    {
                        try_out(&file, words);
                    }
                }
            }
        }
    }
    for role in ROLES.iter().chain(&["serve", "keyring"]) {
        assert!(seen.contains(*role), "{role} is missing in {seen:?}");
    }
}

#[test]
fn every_role_has_a_unit_a_user_a_service_and_rights() {
    let (_home, terminal) = terminal();
    let compose = text("compose.yaml");
    let commands: Vec<_> =
        services(&compose).into_iter().map(|name| service(&compose, name).join("\n")).collect();
    let users = text("systemd/keyledger.sysusers.conf");
    let (roles, grants) = (text("postgres/roles.sql"), text("postgres/grants.sql"));
    for role in ROLES {
        terminal.run(&[role, "--help"]).exited(0);
        let unit = text(&format!("systemd/keyledger-{role}.service"));
        let starts = format!("\nExecStart=/usr/local/bin/keyledger {role} --config /etc/keyledger/{role}/");
        assert!(unit.contains(&starts), "{role}");
        assert!(unit.contains(&format!("\nUser=keyledger-{role}\n")), "{role}");
        assert!(users.contains(&format!("\nu keyledger-{role} ")), "{role}");
        assert!(commands.iter().any(|lines| lines.contains(&format!("command: [{role}]"))), "{role}");
        let database_role = format!("keyledger_{}", role.replace('-', "_"));
        assert!(roles.contains(&format!("CREATE ROLE {database_role} ")), "{role}");
        assert!(grants.contains(&database_role), "{role}");
        for place in [&compose, &text(&format!("config/{role}.toml"))] {
            assert!(place.contains(&format!("postgres://{database_role}@")), "{role}");
        }
    }
    assert!(text("systemd/keyledger.service").contains("\nExecStart=/usr/local/bin/keyledger serve "));
}

#[test]
fn only_the_management_api_is_published_and_that_to_this_machine_alone() {
    let compose = text("compose.yaml");
    let published = services(&compose).into_iter().filter_map(|name| {
        let lines = service(&compose, name);
        lines.iter().any(|line| line.trim().starts_with("ports:")).then(|| (name, lines.join("\n")))
    });
    let published: Vec<_> = published.collect();
    let [("command-service", lines)] = &published[..] else { panic!("published: {published:?}") };
    assert!(lines.contains("ports: [\"127.0.0.1:8080:8080\"]"), "{lines}");
}

#[test]
fn the_image_is_built_with_the_projects_compiler_and_packages() {
    let top = folder().join("../..");
    let read = |name: &str| fs::read_to_string(top.join(name)).expect("a file");
    let toolchain = read("rust-toolchain.toml");
    let version = toolchain.split("channel = \"").nth(1).and_then(|rest| rest.split('"').next());
    let version = version.expect("a version");
    let dockerfile = text("Dockerfile");
    assert!(dockerfile.contains(&format!("FROM rust:{version}-")), "{version}");
    assert!(dockerfile.contains(&format!("RUSTUP_TOOLCHAIN={version}\n")), "{version}");
    let makefile = read("Makefile");
    let packages = makefile.lines().find_map(|line| line.strip_prefix("PACKAGES := ")).expect("packages");
    for package in packages.split_whitespace() {
        assert!(dockerfile.split_whitespace().any(|word| word == package), "{package}");
    }
}
