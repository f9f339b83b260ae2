use keyledger_event_log::Position;
use serde::Serialize;

use crate::output::{Output, Table};

/// A read model as it is shown. What is not known is null for machines and a dash for people.
#[derive(Serialize)]
pub(super) struct Model {
    name: &'static str,
    /// Up to where it is written down.
    position: Option<u64>,
    /// How many events the log holds beyond that.
    behind: Option<u64>,
    /// What it holds, brought up to the head.
    digest: Option<String>,
    /// Whether that is what it held before it was made anew; none where there was nothing to compare with.
    unchanged: Option<bool>,
}

impl Model {
    pub(super) fn missing(name: &'static str) -> Self {
        Self { name, position: None, behind: None, digest: None, unchanged: None }
    }

    pub(super) fn found(name: &'static str, position: Position, head: Position, digest: [u8; 32]) -> Self {
        Self {
            name,
            position: Some(position.get()),
            behind: Some(head.since(position)),
            digest: Some(hex::encode(digest)),
            unchanged: None,
        }
    }

    /// Beside what it held before, where that is known.
    pub(super) fn compared_with(self, before: Option<[u8; 32]>) -> Self {
        let unchanged = before.map(|before| Some(hex::encode(before)) == self.digest);
        Self { unchanged, ..self }
    }
}

/// Prints read models, one a line.
pub(super) fn print(output: Output, models: &[Model]) -> anyhow::Result<()> {
    let shown = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let table = || {
        let mut table = Table::new(&["name", "position", "behind", "digest", "unchanged"]);
        for model in models {
            let unchanged = model.unchanged.map(|unchanged| if unchanged { "yes" } else { "NO" }.to_owned());
            table.row([
                model.name.to_owned(),
                shown(model.position.map(|position| position.to_string())),
                shown(model.behind.map(|behind| behind.to_string())),
                shown(model.digest.clone()),
                shown(unchanged),
            ]);
        }
        table
    };
    Ok(output.either(&serde_json::json!({ "projections": models }), table)?)
}
