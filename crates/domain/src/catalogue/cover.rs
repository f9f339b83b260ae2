use super::{Catalogue, Resource};
use crate::{Scope, Scopes};

impl Catalogue {
    /// Whether there is such a scope.
    #[must_use]
    pub fn defines(&self, scope: &Scope) -> bool {
        self.resource(scope.resource()).is_some_and(|resource| resource.has_verb(scope.verb()))
    }

    /// Every scope there is, in the order of the catalogue.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> + '_ {
        self.resources.iter().flat_map(|resource| {
            let scope = |verb| Scope::parse(&format!("{}:{verb}", resource.name));
            // A catalogue without faults makes scopes only.
            resource.verbs.iter().filter_map(move |verb| scope(verb).ok())
        })
    }

    /// The scopes that grant `required`: itself, and the same verb on each of its ancestors. None where the catalogue
    /// does not define it: what is not in the catalogue is granted by nothing.
    #[must_use]
    pub fn granted_by(&self, required: &Scope) -> Vec<Scope> {
        if !self.defines(required) {
            return Vec::new();
        }
        let mut resources = vec![required.resource()];
        let mut next = 0;
        while let Some(child) = resources.get(next).copied() {
            let parents =
                self.resources.iter().filter(|resource| resource.children.iter().any(|c| c == child));
            for parent in parents {
                if !resources.contains(&parent.name.as_str()) {
                    resources.push(&parent.name);
                }
            }
            next += 1;
        }
        let scopes = resources
            .iter()
            .filter_map(|resource| Scope::parse(&format!("{resource}:{}", required.verb())).ok());
        scopes.filter(|scope| self.defines(scope)).collect()
    }

    /// Whether a key that holds `held` may do what needs `required`.
    #[must_use]
    pub fn covers(&self, held: &Scopes, required: &Scope) -> bool {
        self.granted_by(required).iter().any(|scope| held.contains(scope))
    }
}

impl Resource {
    pub(super) fn has_verb(&self, verb: &str) -> bool {
        self.verbs.iter().any(|own| own == verb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(catalogue: &Catalogue, held: &[&str], required: &str) -> bool {
        let held =
            Scopes::new(held.iter().map(|scope| Scope::parse(scope).expect("a scope"))).expect("scopes");
        catalogue.covers(&held, &Scope::parse(required).expect("a scope"))
    }

    fn resource(name: &str, verbs: &[&str], children: &[&str]) -> Resource {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Resource { name: name.to_owned(), verbs: own(verbs), children: own(children), describe: [].into() }
    }

    #[test]
    fn a_scope_on_a_parent_covers_its_children_and_not_the_other_way_round() {
        let catalogue = Catalogue::builtin();
        assert!(covers(&catalogue, &["client:read"], "client:read"));
        assert!(covers(&catalogue, &["client:read"], "clientEmail:read"));
        assert!(!covers(&catalogue, &["clientEmail:read"], "client:read"));
        assert!(!covers(&catalogue, &["user:read"], "clientEmail:read"));
    }

    #[test]
    fn a_verb_covers_no_other_verb() {
        let catalogue = Catalogue::builtin();
        assert!(!covers(&catalogue, &["client:write"], "client:read"));
        assert!(!covers(&catalogue, &["client:read"], "clientEmail:write"));
    }

    #[test]
    fn a_scope_reaches_down_through_generations_and_through_resources_that_lack_the_verb() {
        let chain = [
            resource("a", &["read", "burn"], &["b"]),
            resource("b", &["read"], &["c"]),
            resource("c", &["read", "burn"], &[]),
        ];
        let catalogue = Catalogue::new(chain.into()).expect("a catalogue");
        assert!(covers(&catalogue, &["a:read"], "c:read"));
        assert!(covers(&catalogue, &["a:burn"], "c:burn"));
        assert!(!covers(&catalogue, &["a:burn"], "b:burn"), "there is no such scope");
    }

    #[test]
    fn a_scope_that_the_catalogue_lost_grants_nothing_and_leaves_the_rest() {
        let catalogue = Catalogue::new(vec![resource("b", &["read"], &[])]).expect("a catalogue");
        assert!(!covers(&catalogue, &["a:read", "b:read"], "a:read"));
        assert!(covers(&catalogue, &["a:read", "b:read"], "b:read"));
        // A parent that lost the verb no longer hands it down.
        let catalogue =
            Catalogue::new(vec![resource("a", &["write"], &["b"]), resource("b", &["read"], &[])]);
        assert!(!covers(&catalogue.expect("a catalogue"), &["a:read"], "b:read"));
    }
}
