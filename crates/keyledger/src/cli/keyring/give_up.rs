//! What it takes to free a pepper of the live secrets that need it, and whether that would close the way in.

use keyledger_domain::{Authority, KeyId, PartnerId, Prefix};

use crate::keyring::LiveSecret;

/// How a key stops needing a pepper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its newest secret needs the pepper: the key is revoked.
    Revoke,
    /// Only superseded secrets need it: they go, and the key stays.
    Overlap,
}

/// What is done about one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub partner: PartnerId,
    pub key: KeyId,
    pub end: End,
}

/// The steps that free a pepper. Those that could take the right to go on come last: the registry's own keys, and of
/// these the one by whose secret, with the prefix `own`, the steps are asked for.
pub(super) fn steps(pepper: u32, live: &[LiveSecret], own: Option<Prefix>) -> Vec<Step> {
    let own = live.iter().find(|secret| Some(secret.prefix) == own).map(|secret| secret.key.key_id);
    let needing = || live.iter().filter(|secret| secret.pepper == pepper);
    let revoked = |key| needing().any(|secret| secret.is_current() && secret.key.key_id == key);
    let mut steps: Vec<_> = needing()
        // A revocation ends the superseded secrets of its key too.
        .filter(|secret| secret.is_current() || !revoked(secret.key.key_id))
        .map(|secret| Step {
            partner: secret.key.partner_id.clone(),
            key: secret.key.key_id,
            end: if secret.is_current() { End::Revoke } else { End::Overlap },
        })
        .collect();
    steps.sort_by_key(|step| (Some(step.key) == own, step.partner.is_registry()));
    steps
}

/// An operator key that would be revoked, where no other one would be left: without it nothing of the rest could be done,
/// nor undone.
pub(super) fn last_way_in(pepper: u32, live: &[LiveSecret]) -> Option<KeyId> {
    let operates = |secret: &&LiveSecret| {
        let key = &secret.key;
        secret.is_current() && Authority::of(key.partner_id.clone(), &key.scopes).may_operate()
    };
    let mut operators = live.iter().filter(operates);
    let going = operators.clone().find(|secret| secret.pepper == pepper)?.key.key_id;
    operators.all(|secret| secret.pepper == pepper).then_some(going)
}

#[cfg(test)]
mod tests {
    use keyledger_domain::{
        Actor, KeyName, Scope, Scopes, Throttle, Timestamp,
        actor::ActorKind,
        event::{KeyCreated, KeyEvent},
        key::{Happened, evolve},
    };
    use uuid::Uuid;

    use super::*;

    fn prefix(text: &str) -> Prefix {
        Prefix::parse(text.as_bytes()).expect("a prefix")
    }

    /// A live secret of a key whose newest one has the prefix `current`.
    fn live(key: u128, partner: &str, scope: &str, current: &str, this: &str, pepper: u32) -> LiveSecret {
        let created = KeyEvent::Created(KeyCreated {
            partner_id: PartnerId::parse(partner).expect("a partner"),
            name: KeyName::parse("n").expect("a name"),
            prefix: prefix(current),
            scopes: Scopes::new([Scope::parse(scope).expect("a scope")]).expect("scopes"),
            throttle: Throttle::DEFAULT,
            expires_at: None,
        });
        let by = Actor { kind: ActorKind::Keyring, id: "x".to_owned() };
        let at = Timestamp::from_millis(0);
        let key_id = KeyId(Uuid::from_u128(key));
        let circumstances = Happened { key_id, revision: 0, position: 1, at, by: &by };
        let key = evolve(None, Some(&created), circumstances).expect("a key");
        LiveSecret { key, prefix: prefix(this), pepper }
    }

    fn told(steps: &[Step]) -> Vec<(u128, End)> {
        steps.iter().map(|step| (step.key.0.as_u128(), step.end)).collect()
    }

    #[test]
    fn a_key_is_revoked_once_or_loses_its_overlap_and_the_way_in_goes_last() {
        let secrets = [
            live(1, "registry", "registry:operate", "oooooooo", "oooooooo", 1),
            live(2, "registry", "registryEvents:read", "rrrrrrrr", "rrrrrrrr", 1),
            live(3, "acme", "a:b", "aaaaaaab", "aaaaaaaa", 1),
            live(3, "acme", "a:b", "aaaaaaab", "aaaaaaab", 2),
            live(4, "acme", "a:b", "bbbbbbbc", "bbbbbbbb", 1),
            live(4, "acme", "a:b", "bbbbbbbc", "bbbbbbbc", 1),
            live(5, "acme", "a:b", "cccccccc", "cccccccc", 2),
        ];
        let steps = steps(1, &secrets, Some(prefix("oooooooo")));
        let expected = [(3, End::Overlap), (4, End::Revoke), (2, End::Revoke), (1, End::Revoke)];
        assert_eq!(told(&steps), expected);
    }

    #[test]
    fn the_way_in_is_an_operator_key_whose_newest_secret_stays() {
        let old = || live(1, "registry", "registry:operate", "oooooooo", "oooooooo", 1);
        let reader = || live(2, "registry", "registryEvents:read", "rrrrrrrr", "rrrrrrrr", 2);
        let new = || live(3, "registry", "registry:operate", "pppppppp", "pppppppp", 2);
        let going = Some(KeyId(Uuid::from_u128(1)));
        assert_eq!(last_way_in(1, &[old(), reader()]), going);
        assert_eq!(last_way_in(1, &[old(), reader(), new()]), None);
        assert_eq!(last_way_in(1, &[reader()]), None, "none goes");
        let overlapping = live(4, "registry", "registry:operate", "qqqqqqqr", "qqqqqqqq", 2);
        let of_the_same = live(4, "registry", "registry:operate", "qqqqqqqr", "qqqqqqqr", 1);
        assert_eq!(last_way_in(1, &[old(), overlapping, of_the_same]), going, "a superseded secret is none");
        let regenerated = live(1, "registry", "registry:operate", "oooooooq", "oooooooq", 2);
        let its_old = live(1, "registry", "registry:operate", "oooooooq", "oooooooo", 1);
        assert_eq!(last_way_in(1, &[its_old, regenerated]), None, "only the overlap goes");
    }
}
