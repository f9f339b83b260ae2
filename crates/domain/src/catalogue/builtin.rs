use super::{Catalogue, Resource};

impl Catalogue {
    /// The catalogue of an installation that brought none: the resources of an example API.
    #[must_use]
    pub fn builtin() -> Self {
        let resource = |name: &str, children: &[&str]| Resource {
            name: name.to_owned(),
            verbs: vec!["read".to_owned(), "write".to_owned()],
            children: children.iter().map(|child| (*child).to_owned()).collect(),
            describe: [
                ("read".to_owned(), format!("All GET endpoints under /v1/{name}")),
                ("write".to_owned(), format!("All POST and PATCH endpoints under /v1/{name}")),
            ]
            .into(),
        };
        Self {
            resources: vec![
                resource("conversation", &[]),
                resource("client", &["clientEmail"]),
                resource("clientEmail", &[]),
                resource("user", &[]),
                resource("site", &[]),
                resource("address", &[]),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_catalogue_is_without_fault() {
        let builtin = Catalogue::builtin();
        assert_eq!(Catalogue::new(builtin.resources.clone()), Ok(builtin));
    }
}
