use std::collections::{BTreeSet, HashMap};

use super::Resource;
use crate::scope::{Scope, is_word};

/// What is wrong with a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueFault {
    /// A resource or a verb is not a word, or a scope would be too long.
    #[error(
        "{0} is not the name of a resource or verb: use a letter and then letters, digits, _ or -, and at most 80 characters for <resource>:<verb>"
    )]
    NotAWord(String),
    /// Two resources share a name, or a resource names a verb or child twice.
    #[error("{0} stands twice")]
    Twice(String),
    /// The name belongs to the registry.
    #[error("{0} is reserved: names that begin with registry belong to keyledger itself")]
    Reserved(String),
    /// A resource has no verbs.
    #[error("{0} has no verbs")]
    NoVerbs(String),
    /// A child is not a resource of the catalogue.
    #[error("{child}, a child of {parent}, is not in the catalogue")]
    NoSuchChild {
        /// The resource that names it.
        parent: String,
        /// The name that leads nowhere.
        child: String,
    },
    /// A resource is its own descendant.
    #[error("{0} is among its own descendants")]
    Ring(String),
    /// A description is of a verb that the resource does not have, or of more than 500 characters.
    #[error(
        "the description {resource}.{verb} is of a verb that the resource does not have, or longer than 500 characters"
    )]
    Description {
        /// The resource.
        resource: String,
        /// The verb.
        verb: String,
    },
    /// There are no resources.
    #[error("a catalogue holds at least one resource")]
    Empty,
    /// It would not fit into one event.
    #[error("the catalogue is too large: it must fit into {0} bytes of JSON; shorten the descriptions")]
    TooLarge(usize),
}

/// The most bytes of JSON a catalogue may have, so that its event stays under 16 KiB.
const MAX_JSON: usize = 15 * 1024;

pub(super) fn find(resources: &[Resource]) -> Vec<CatalogueFault> {
    let mut faults = Vec::new();
    if resources.is_empty() {
        faults.push(CatalogueFault::Empty);
    }
    let mut names = BTreeSet::new();
    for resource in resources {
        if !names.insert(resource.name.as_str()) {
            faults.push(CatalogueFault::Twice(resource.name.clone()));
        }
    }
    for resource in resources {
        of_names(resource, &mut faults);
        of_children(resource, &names, &mut faults);
    }
    of_rings(resources, &mut faults);
    if serde_json::to_vec(resources).map_or(usize::MAX, |json| json.len()) > MAX_JSON {
        faults.push(CatalogueFault::TooLarge(MAX_JSON));
    }
    faults
}

fn of_names(resource: &Resource, faults: &mut Vec<CatalogueFault>) {
    let name = &resource.name;
    if !is_word(name) {
        faults.push(CatalogueFault::NotAWord(name.clone()));
    }
    if name.to_ascii_lowercase().starts_with("registry") {
        faults.push(CatalogueFault::Reserved(name.clone()));
    }
    if resource.verbs.is_empty() {
        faults.push(CatalogueFault::NoVerbs(name.clone()));
    }
    for (index, verb) in resource.verbs.iter().enumerate() {
        if !is_word(verb) || name.len() + 1 + verb.len() > Scope::MAX_LENGTH {
            faults.push(CatalogueFault::NotAWord(verb.clone()));
        }
        if resource.verbs[..index].contains(verb) {
            faults.push(CatalogueFault::Twice(format!("{name}:{verb}")));
        }
    }
    for (verb, text) in &resource.describe {
        if !resource.has_verb(verb) || text.chars().count() > 500 {
            faults.push(CatalogueFault::Description { resource: name.clone(), verb: verb.clone() });
        }
    }
}

fn of_children(resource: &Resource, names: &BTreeSet<&str>, faults: &mut Vec<CatalogueFault>) {
    for (index, child) in resource.children.iter().enumerate() {
        if !names.contains(child.as_str()) {
            faults.push(CatalogueFault::NoSuchChild { parent: resource.name.clone(), child: child.clone() });
        }
        if resource.children[..index].contains(child) {
            faults.push(CatalogueFault::Twice(format!("{} > {child}", resource.name)));
        }
    }
}

fn of_rings(resources: &[Resource], faults: &mut Vec<CatalogueFault>) {
    let mut children = HashMap::<&str, Vec<&str>>::new();
    for resource in resources {
        children.entry(&resource.name).or_default().extend(resource.children.iter().map(String::as_str));
    }
    for resource in resources {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = resource.children.iter().map(String::as_str).collect();
        while let Some(name) = open.pop() {
            if reached.insert(name) {
                open.extend(children.get(name).into_iter().flatten());
            }
        }
        if reached.contains(resource.name.as_str()) {
            faults.push(CatalogueFault::Ring(resource.name.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str, verbs: &[&str], children: &[&str]) -> Resource {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Resource { name: name.to_owned(), verbs: own(verbs), children: own(children), describe: [].into() }
    }

    #[test]
    fn every_fault_is_named() {
        let faults = find(&[
            resource("a", &["read", "read"], &["b", "b", "nowhere"]),
            resource("b", &[], &["a"]),
            resource("a", &["re ad"], &[]),
            resource("registryKeys", &["read"], &[]),
        ]);
        let named =
            |fault: CatalogueFault| assert!(faults.contains(&fault), "{fault} is not among {faults:?}");
        named(CatalogueFault::Twice("a".into()));
        named(CatalogueFault::Twice("a:read".into()));
        named(CatalogueFault::Twice("a > b".into()));
        named(CatalogueFault::NoSuchChild { parent: "a".into(), child: "nowhere".into() });
        named(CatalogueFault::NoVerbs("b".into()));
        named(CatalogueFault::Ring("b".into()));
        named(CatalogueFault::NotAWord("re ad".into()));
        named(CatalogueFault::Reserved("registryKeys".into()));
        assert_eq!(find(&[]), [CatalogueFault::Empty]);
    }

    #[test]
    fn a_catalogue_that_would_not_fit_into_an_event_is_refused() {
        let many: Vec<_> = (0..2_000).map(|number| resource(&format!("r{number}"), &["read"], &[])).collect();
        assert_eq!(find(&many), [CatalogueFault::TooLarge(MAX_JSON)]);
    }
}
