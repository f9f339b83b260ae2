//! Whatever several partners and an operator do in whatever order: a key that was revoked is never valid again, no two
//! secrets have one prefix, and no partner sees another over any route.

mod model;
mod world;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use keyledger_tests::Registry;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use world::World;

/// Who does something: one of three partners' admins, or the operator.
const OPERATOR: usize = 3;

/// What somebody does. Keys are named by a number that is taken modulo those there are.
#[derive(Clone, Debug)]
enum Step {
    Create { by: usize, partner: usize },
    Regenerate { by: usize, key: usize, overlap: u64, replace: Option<&'static str> },
    EndOverlap { by: usize, key: usize },
    Edit { by: usize, key: usize },
    Revoke { by: usize, key: usize },
    RevokePrefix { by: usize, key: usize, generation: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let by = 0..=OPERATOR;
    let key = 0..64_usize;
    let replace = prop_oneof![Just(None), Just(Some("oldest")), Just(Some("newest"))];
    let overlap = prop_oneof![Just(0_u64), Just(3600)];
    prop_oneof![
        3 => (by.clone(), 0..OPERATOR).prop_map(|(by, partner)| Step::Create { by, partner }),
        4 => (by.clone(), key.clone(), overlap, replace)
            .prop_map(|(by, key, overlap, replace)| Step::Regenerate { by, key, overlap, replace }),
        2 => (by.clone(), key.clone()).prop_map(|(by, key)| Step::EndOverlap { by, key }),
        1 => (by.clone(), key.clone()).prop_map(|(by, key)| Step::Edit { by, key }),
        2 => (by.clone(), key.clone()).prop_map(|(by, key)| Step::Revoke { by, key }),
        1 => (by, key, 0..8_usize)
            .prop_map(|(by, key, generation)| Step::RevokePrefix { by, key, generation }),
    ]
}

#[test]
fn no_sequence_of_commands_revives_a_key_doubles_a_prefix_or_shows_one_partner_to_another() {
    let registry = Registry::start();
    let (cases, prefixes) = (AtomicUsize::new(0), Mutex::new(HashSet::new()));
    let config = Config { cases: 64, failure_persistence: None, max_shrink_iters: 100, ..Config::default() };
    let outcome = TestRunner::new(config).run(&prop::collection::vec(step(), 1..25), |steps| {
        let case = cases.fetch_add(1, Ordering::Relaxed);
        let mut world = World::new(&registry, case);
        for step in steps {
            world.take(&step)?;
        }
        world.keeps_partners_apart()?;
        for prefix in world.prefixes() {
            let new = prefixes.lock().expect("no other test holds it").insert(prefix.clone());
            prop_assert!(new, "{prefix} was given twice");
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
