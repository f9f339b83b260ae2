//! What no file may hold: the rules that a lint cannot see.

use super::attributes;
use super::workspace::{Source, sources};

/// Names that say nothing, so that everything ends up in them.
const EMPTY_NAMES: &[&str] =
    &["common", "core", "util", "utils", "shared", "types", "helper", "helpers", "misc"];

/// A file that cannot be told as a whole any more.
const LONGEST: usize = 500;

/// Where the paths of one machine begin. Each is written in two parts, so that this file does not break its own rule.
const MACHINE: &[[&str; 2]] =
    &[["/", "work/"], ["/", "tmp/"], ["/", "home/"], ["/", "root/"], ["/", "Users/"]];

/// One rule: its name, and every breach of it in a file.
struct TextRule {
    name: &'static str,
    breaches: fn(&Source) -> Vec<String>,
}

const RULES: &[TextRule] = &[
    TextRule { name: "only the crate keyledger reads the process environment", breaches: environment },
    TextRule { name: "a module's name says what is in it", breaches: empty_names },
    TextRule { name: "what silences a lint or a test says why", breaches: silence_without_reason },
    TextRule { name: "a crate begins with what it is for", breaches: crate_without_doc },
    TextRule { name: "a source file can be read in one go", breaches: long_file },
    TextRule { name: "a crate keeps the lints of the workspace", breaches: manifest },
    TextRule { name: "no file knows the machine it was written on", breaches: machine_path },
];

/// A breach that is meant.
struct Exception {
    path: &'static str,
    rule: &'static str,
    reason: &'static str,
}

/// Every exception is used, or the test fails.
const EXCEPTIONS: &[Exception] = &[];

fn environment(source: &Source) -> Vec<String> {
    // The tests are started by `make`, with settings; the root crate is the one place of the product that may look.
    if !is_rust(source) || source.path.starts_with("tests/") || source.path.starts_with("crates/keyledger/") {
        return Vec::new();
    }
    let product = before_unit_tests(source);
    let read_while_running = lines_with(product, |line| line.contains("std::env"));
    // The version of the package is a constant of the build; any other variable would be the machine's.
    let read_while_building = lines_with(product, |line| {
        line.match_indices("env!(").any(|(at, _)| !line[at..].starts_with("env!(\"CARGO_PKG_"))
    });
    [read_while_running, read_while_building].concat()
}

fn empty_names(source: &Source) -> Vec<String> {
    if !is_rust(source) {
        return Vec::new();
    }
    let by_path = source.path.trim_end_matches(".rs").split('/').filter(|part| EMPTY_NAMES.contains(part));
    let by_path = by_path.map(|part| format!("{part} in its path"));
    by_path
        .chain(lines_with(&source.text, |line| {
            module_named(line).is_some_and(|name| EMPTY_NAMES.contains(&name))
        }))
        .collect()
}

fn silence_without_reason(source: &Source) -> Vec<String> {
    if !is_rust(source) {
        return Vec::new();
    }
    let found = attributes::without_reason(&source.text);
    found.into_iter().map(|(line, attribute)| format!("line {line}: {attribute}")).collect()
}

fn crate_without_doc(source: &Source) -> Vec<String> {
    let is_root = source.path.ends_with("src/lib.rs") || source.path.ends_with("src/main.rs");
    let missing = is_root && !source.text.starts_with("//! ");
    missing.then(|| "its first line is not `//! …`".to_owned()).into_iter().collect()
}

fn long_file(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let long = is_rust(source) && lines > LONGEST;
    long.then(|| format!("{lines} lines, over {LONGEST}")).into_iter().collect()
}

fn manifest(source: &Source) -> Vec<String> {
    let Some(folder) = source.path.strip_suffix("/Cargo.toml") else { return Vec::new() };
    let package = match folder.strip_prefix("crates/") {
        Some("keyledger") => "keyledger".to_owned(),
        Some(folder) => format!("keyledger-{folder}"),
        None => format!("keyledger-{}", folder.replace('/', "-")),
    };
    let wanted = [format!("name = \"{package}\"\n"), "[lints]\nworkspace = true\n".to_owned()];
    wanted
        .into_iter()
        .filter(|text| !source.text.contains(text))
        .map(|text| format!("lacks {text:?}"))
        .collect()
}

fn machine_path(source: &Source) -> Vec<String> {
    let outside = ["..", "/shared"].concat();
    lines_with(&source.text, |line| {
        line.contains(&outside) || MACHINE.iter().any(|parts| begins_a_path(line, &parts.concat()))
    })
}

/// Whether a path that begins with `start` stands in `line`, and not only one that goes on with it.
fn begins_a_path(line: &str, start: &str) -> bool {
    let inside_a_path = |before: char| before.is_alphanumeric() || "._-/*}".contains(before);
    line.match_indices(start).any(|(at, _)| !line[..at].ends_with(inside_a_path))
}

/// The name that a line declares a module by.
fn module_named(line: &str) -> Option<&str> {
    let declaration = line.trim();
    let from_mod = match declaration.strip_prefix("pub") {
        Some(public) => public.trim_start_matches(|c| c != ' ').trim_start(),
        None => declaration,
    };
    Some(from_mod.strip_prefix("mod ")?.trim_end_matches([' ', '{', '}', ';']))
}

/// What the product is built from: clippy keeps a file's unit tests at its end, and a file of nothing else says so at
/// its top.
fn before_unit_tests(source: &Source) -> &str {
    let only_tests = source.text.contains("\n#![cfg(test)]\n");
    if only_tests || source.path.contains("/tests/") || source.path.contains("/benches/") {
        return "";
    }
    source.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default()
}

fn is_rust(source: &Source) -> bool {
    source.path.ends_with(".rs")
}

fn lines_with(text: &str, bad: impl Fn(&str) -> bool) -> Vec<String> {
    let bad_lines = text.lines().enumerate().filter(|(_, line)| bad(line));
    bad_lines.map(|(at, line)| format!("line {}: {}", at + 1, line.trim())).collect()
}

/// Every breach of every rule, but for the exceptions, and every exception that excepts nothing.
fn judge(files: &[Source], exceptions: &[Exception]) -> Vec<String> {
    let mut found = Vec::new();
    let mut used = vec![false; exceptions.len()];
    for file in files {
        for rule in RULES {
            let breaches = (rule.breaches)(file);
            let excepted =
                exceptions.iter().position(|meant| meant.path == file.path && meant.rule == rule.name);
            match excepted {
                Some(at) => used[at] |= !breaches.is_empty(),
                None => found
                    .extend(breaches.iter().map(|breach| format!("{}: {}: {breach}", file.path, rule.name))),
            }
        }
    }
    let idle = exceptions.iter().zip(used).filter(|(_, used)| !used);
    found.extend(
        idle.map(|(meant, _)| format!("{}: nothing to except any more: {}", meant.path, meant.reason)),
    );
    found
}

#[test]
fn every_file_keeps_the_rules() {
    let files = sources();
    assert!(
        files.iter().any(|file| file.path == "tests/architecture.rs"),
        "the files of the project were not found"
    );
    let found = judge(&files, EXCEPTIONS);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

mod can_fail {
    use super::*;

    /// The names of the rules that a file breaks.
    fn broken(path: &str, text: &str) -> Vec<&'static str> {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        RULES.iter().filter(|rule| !(rule.breaches)(&source).is_empty()).map(|rule| rule.name).collect()
    }

    #[test]
    fn a_file_that_keeps_the_rules_breaks_none() {
        let good = "//! What it is for.\nmod corset;\nconst V: &str = env!(\"CARGO_PKG_VERSION\");\n\
                    #[cfg(test)]\nmod tests { fn f() { std::env::temp_dir(); } }\n";
        assert_eq!(broken("crates/a/src/lib.rs", good), [""; 0]);
        assert_eq!(broken("crates/keyledger/src/settings.rs", "use std::env;"), [""; 0]);
        assert_eq!(
            broken("crates/a/Cargo.toml", "name = \"keyledger-a\"\n[lints]\nworkspace = true\n"),
            [""; 0]
        );
        assert_eq!(broken("docs/x.md", "see docs/work/a.md and https://example.org/home/x"), [""; 0]);
    }

    #[test]
    fn every_rule_finds_its_breach() {
        let machine = ["see /", "work/a, or ..", "/shared/b"].concat();
        let long = "//! Long.\n".repeat(LONGEST + 1);
        let cases: &[(&str, &str, &str)] = &[
            (
                "crates/a/src/b.rs",
                "let home = std::env::var(\"HOME\");",
                "only the crate keyledger reads the process environment",
            ),
            (
                "crates/a/src/b.rs",
                "env!(\"CARGO_MANIFEST_DIR\")",
                "only the crate keyledger reads the process environment",
            ),
            (
                "crates/a/src/b.rs",
                "option_env!(\"HOME\")",
                "only the crate keyledger reads the process environment",
            ),
            ("crates/a/src/b.rs", "pub(crate) mod utils;", "a module's name says what is in it"),
            ("crates/a/src/b.rs", "mod types {}", "a module's name says what is in it"),
            ("tests/helpers.rs", "", "a module's name says what is in it"),
            ("crates/core/src/b.rs", "", "a module's name says what is in it"),
            ("crates/a/src/b.rs", "#[allow(dead_code)]", "what silences a lint or a test says why"),
            ("crates/a/src/lib.rs", "mod b;", "a crate begins with what it is for"),
            ("crates/a/src/b.rs", &long, "a source file can be read in one go"),
            ("crates/a/Cargo.toml", "name = \"keyledger-a\"\n", "a crate keeps the lints of the workspace"),
            (
                "crates/a/Cargo.toml",
                "name = \"a\"\n[lints]\nworkspace = true\n",
                "a crate keeps the lints of the workspace",
            ),
            ("docs/x.md", &machine, "no file knows the machine it was written on"),
        ];
        for (path, text, rule) in cases {
            assert_eq!(broken(path, text), [*rule], "{path}: {text:.80}");
        }
        for rule in RULES {
            assert!(cases.iter().any(|(_, _, named)| *named == rule.name), "no bad input for: {}", rule.name);
        }
    }

    #[test]
    fn an_exception_excepts_its_file_and_rule_alone_and_must_be_used() {
        let file = |path: &str| Source { path: path.to_owned(), text: "#[ignore]\n".to_owned() };
        let rule = "what silences a lint or a test says why";
        let meant = |path| Exception { path, rule, reason: "because" };
        assert_eq!(judge(&[file("a.rs")], &[meant("a.rs")]), [""; 0]);
        assert_eq!(
            judge(&[file("a.rs")], &[meant("b.rs")]),
            [
                "a.rs: what silences a lint or a test says why: line 1: #[ignore]",
                "b.rs: nothing to except any more: because"
            ]
        );
    }
}
