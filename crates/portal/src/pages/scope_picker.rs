use keyledger_domain::{Catalogue, Scope};
use maud::{Markup, html};

use super::fields::Faults;

/// The scopes of the catalogue to choose from, grouped by resource. A parent says what it includes.
pub(super) fn show(catalogue: &Catalogue, chosen: &[Scope], faults: &Faults) -> Markup {
    html! {
        fieldset.scopes aria-describedby="scopes-hint" {
            legend { "Scopes" }
            p.hint id="scopes-hint" { "Choose the fewest that this key needs. You can add more later without changing the secret." }
            (faults.beside("scopes"))
            @for resource in catalogue.resources() {
                div.resource role="group" aria-label=(resource.name) {
                    p.name {
                        (resource.name)
                        @if !resource.children.is_empty() { span.note { "includes " (resource.children.join(", ")) } }
                    }
                    @for verb in &resource.verbs {
                        @let scope = format!("{}:{verb}", resource.name);
                        label.check {
                            input type="checkbox" name="scope" value=(scope) checked[chosen.iter().any(|held| held.as_str() == scope)];
                            span { code { (scope) } " " @if let Some(text) = resource.describe.get(verb) { span.note { (text) } } }
                        }
                    }
                }
            }
        }
    }
}
