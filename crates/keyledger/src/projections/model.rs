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
    #[serde(skip_serializing_if = "Option::is_none")]
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

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it held something else before it was made anew.
    pub(super) fn was_changed(&self) -> bool {
        self.unchanged == Some(false)
    }

    /// Beside what it held before, where that is known.
    pub(super) fn compared_with(self, before: Option<[u8; 32]>) -> Self {
        let unchanged = before.map(|before| Some(hex::encode(before)) == self.digest);
        self.compared(unchanged)
    }

    /// Whether it is as before, where that is known.
    pub(super) fn compared(self, unchanged: Option<bool>) -> Self {
        Self { unchanged, ..self }
    }
}

/// Prints read models, one a line; `compared` where each stands beside what it was.
pub(super) fn print(output: Output, models: &[Model], compared: bool) -> anyhow::Result<()> {
    let shown = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let table = || {
        let columns = ["name", "position", "behind", "digest", "unchanged"];
        let columns = if compared { &columns[..] } else { &columns[..4] };
        let mut table = Table::new(columns);
        for model in models {
            let unchanged = model.unchanged.map(|unchanged| if unchanged { "yes" } else { "NO" }.to_owned());
            let cells = [
                model.name.to_owned(),
                shown(model.position.map(|position| position.to_string())),
                shown(model.behind.map(|behind| behind.to_string())),
                shown(model.digest.clone()),
                shown(unchanged),
            ];
            table.row(cells.into_iter().take(columns.len()));
        }
        table
    };
    Ok(output.either(&serde_json::json!({ "projections": models }), table)?)
}
