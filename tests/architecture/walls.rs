//! Judges what each crate reaches by the table of `rules.rs`.

use std::collections::BTreeSet;

use super::rules::{RULES, Rule};
use super::workspace::{packages_of_ours, reached_by};

/// Every way in which `reached`, the packages that the rule's crate reaches, breaks the rule.
fn breaches(rule: &Rule, reached: &BTreeSet<String>) -> Vec<String> {
    let package = rule.package;
    let others = reached.iter().map(String::as_str).filter(|name| *name != package);
    others
        .filter_map(|name| {
            if is_ours(name) {
                return (!rule.ours.contains(&name)).then(|| format!("{package} must not reach {name}"));
            }
            let wall =
                rule.walls.iter().find(|wall| wall.packages.iter().any(|pattern| matches(pattern, name)))?;
            Some(format!("{package} must not reach {name}, which is {}", wall.means))
        })
        .collect()
}

/// The crates without a rule and the rules without a crate.
fn unmatched(rules: &[Rule], packages: &BTreeSet<String>) -> Vec<String> {
    let ruled: BTreeSet<&str> = rules.iter().map(|rule| rule.package).collect();
    let crates = packages.iter().filter(|name| !ruled.contains(name.as_str()));
    let idle = rules.iter().filter(|rule| !packages.contains(rule.package));
    crates
        .map(|name| format!("{name} has no rule in tests/architecture/rules.rs"))
        .chain(idle.map(|rule| format!("the rule for {} has no crate", rule.package)))
        .collect()
}

fn is_ours(package: &str) -> bool {
    package == "keyledger" || package.starts_with("keyledger-")
}

fn matches(pattern: &str, package: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => package.starts_with(beginning),
        None => package == pattern,
    }
}

#[test]
fn every_crate_stays_within_its_walls() {
    let found: Vec<String> =
        RULES.iter().flat_map(|rule| breaches(rule, &reached_by(rule.package))).collect();
    assert!(
        found.is_empty(),
        "`cargo tree -p CRATE -e normal -i PACKAGE` shows the way:\n{}",
        found.join("\n")
    );
}

#[test]
fn every_crate_has_a_rule_and_every_rule_a_crate() {
    let found = unmatched(RULES, &packages_of_ours());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

mod can_fail {
    use super::super::rules::Wall;
    use super::*;

    const RULE: Rule = Rule {
        package: "keyledger-a",
        ours: &["keyledger-b"],
        walls: &[Wall { means: "a driver", packages: &["sqlx*", "rand"] }],
    };

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_crate_that_reaches_what_it_may_breaks_nothing() {
        assert_eq!(breaches(&RULE, &set(&["keyledger-a", "keyledger-b", "serde", "rand_core"])), [""; 0]);
    }

    #[test]
    fn a_crate_of_ours_outside_the_rule_is_a_breach() {
        assert_eq!(
            breaches(&RULE, &set(&["keyledger-a", "keyledger-c"])),
            ["keyledger-a must not reach keyledger-c"]
        );
    }

    #[test]
    fn a_walled_off_package_is_a_breach_by_name_and_by_beginning() {
        assert_eq!(
            breaches(&RULE, &set(&["rand", "sqlx-core"])),
            [
                "keyledger-a must not reach rand, which is a driver",
                "keyledger-a must not reach sqlx-core, which is a driver"
            ]
        );
    }

    #[test]
    fn a_crate_without_a_rule_and_a_rule_without_a_crate_are_told() {
        assert_eq!(
            unmatched(&[RULE], &set(&["keyledger-new"])),
            [
                "keyledger-new has no rule in tests/architecture/rules.rs",
                "the rule for keyledger-a has no crate"
            ]
        );
    }

    #[test]
    fn cargo_is_really_asked_and_answers_transitively() {
        let reached = reached_by("keyledger-validator");
        assert!(reached.contains("keyledger-domain"), "a direct dependency is missing: {reached:?}");
        assert!(reached.contains("actix-http"), "an indirect dependency is missing: {reached:?}");
        assert!(
            !reached.contains("proptest"),
            "a dependency of tests alone is no wall's business: {reached:?}"
        );
    }
}
