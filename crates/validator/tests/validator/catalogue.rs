//! Scopes mean what the catalogue in the log says, from the event on.

use keyledger_domain::{Catalogue, Scope, catalogue::Resource, envelope::Stream};
use keyledger_validator::Demand;

use crate::fixture::{World, unreadable};

struct Needs(&'static str);

impl Demand for Needs {
    fn allows_partner(&self, _: &keyledger_domain::PartnerId) -> bool {
        true
    }

    fn is_met(&self, granted: &dyn Fn(&str) -> bool) -> bool {
        granted(Scope::parse(self.0).expect("a scope").as_str())
    }
}

fn resource(name: &str, children: &[&str]) -> Resource {
    Resource {
        name: name.to_owned(),
        verbs: vec!["read".to_owned()],
        children: children.iter().map(|child| (*child).to_owned()).collect(),
        describe: [].into(),
    }
}

#[test]
fn a_change_of_the_catalogue_counts_at_once_for_keys_that_exist() {
    let mut world = World::new();
    let key = world.key();
    let code = |world: &World, scope| world.code(key.secret, &Needs(scope)).expect("the log was heard");
    assert_eq!(code(&world, "clientEmail:read"), "VALID");
    world.catalogue(
        Catalogue::new(vec![resource("client", &["note"]), resource("note", &[])]).expect("a catalogue"),
    );
    assert_eq!(code(&world, "clientEmail:read"), "INSUFFICIENT_SCOPE");
    assert_eq!(code(&world, "note:read"), "VALID");
    world.catalogue(Catalogue::new(vec![resource("note", &[])]).expect("a catalogue"));
    assert_eq!(code(&world, "client:read"), "INSUFFICIENT_SCOPE");
}

#[test]
fn without_a_catalogue_that_can_be_read_nothing_is_granted() {
    let mut world = World::empty();
    world.index.heard(0);
    let key = world.key();
    let code = |world: &World| world.code(key.secret, &Needs("client:read")).expect("the log was heard");
    assert_eq!(code(&world), "INSUFFICIENT_SCOPE", "before the first");
    world.catalogue(Catalogue::builtin());
    assert_eq!(code(&world), "VALID");
    world.happen(Stream::Catalogue, unreadable(), None);
    assert_eq!(code(&world), "INSUFFICIENT_SCOPE", "after one of a later release");
    world.catalogue(Catalogue::builtin());
    assert_eq!(code(&world), "VALID");
}
