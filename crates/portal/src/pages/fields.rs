use maud::{Markup, html};

/// What is wrong with a form, field by field; under no name what is wrong with all of it.
#[derive(Default)]
pub(super) struct Faults(Vec<(&'static str, String)>);

impl Faults {
    pub(super) fn add(&mut self, field: &'static str, message: impl ToString) {
        self.0.push((field, message.to_string()));
    }

    pub(super) fn are_there_any(&self) -> bool {
        !self.0.is_empty()
    }

    fn of<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| *name == field).map(|(_, message)| message.as_str())
    }

    /// Reads a field; a fault is kept under its name.
    pub(super) fn read<T, E: ToString>(&mut self, field: &'static str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.add(field, error)).ok()
    }

    /// What is wrong with all of it.
    pub(super) fn summary(&self) -> Markup {
        html! {
            @for message in self.of("") { p.fault role="alert" { (message) } }
        }
    }

    /// What is wrong with a field, next to it.
    pub(super) fn beside(&self, field: &str) -> Markup {
        let id = fault_id(field);
        html! {
            @if self.of(field).next().is_some() {
                p.fault id=(id) role="alert" { @for message in self.of(field) { (message) " " } }
            }
        }
    }

    /// The attribute by which a field points to what is wrong with it.
    pub(super) fn described_by(&self, field: &str) -> Option<String> {
        self.of(field).next().map(|_| fault_id(field))
    }
}

fn fault_id(field: &str) -> String {
    format!("{field}-fault")
}

/// A field for a line of text.
pub(super) struct TextField<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) kind: &'a str,
    pub(super) value: &'a str,
    pub(super) hint: Option<&'a str>,
    pub(super) autocomplete: &'a str,
    pub(super) focus: bool,
    pub(super) required: bool,
}

impl TextField<'_> {
    pub(super) fn show(&self, faults: &Faults) -> Markup {
        let Self { name, label, kind, value, hint, autocomplete, focus, required } = self;
        let hint_id = format!("{name}-hint");
        let described = [hint.map(|_| hint_id.clone()), faults.described_by(name)];
        let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
        html! {
            div.field {
                label for=(name) { (label) }
                @if let Some(hint) = hint { p.hint id=(hint_id) { (hint) } }
                input id=(name) name=(name) type=(kind) value=(value) autocomplete=(autocomplete) autofocus[*focus] required[*required]
                    aria-describedby=[(!described.is_empty()).then_some(described)]
                    aria-invalid=[faults.described_by(name).map(|_| "true")];
                (faults.beside(name))
            }
        }
    }
}
