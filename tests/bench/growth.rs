//! Whether anything grows faster than its work: the same figures at three sizes.

use crate::replay::Replay;
use crate::report::Table;
use crate::start::Start;
use crate::statistics::{grouped, median, time};
use crate::validation::Validation;

pub(crate) fn table(validations: &[Validation], replays: &[Replay], starts: &[Start]) -> Table {
    let sizes = validations.iter().map(|validation| format!("{} keys", grouped(validation.keys)));
    let header = std::iter::once("what".to_owned()).chain(sizes).collect();
    let row = |what: &str, cells: Vec<String>| std::iter::once(what.to_owned()).chain(cells).collect();
    let from_log: Vec<_> = starts.iter().map(|start| (start.keys, median(&start.from_log))).collect();
    let from_snapshot: Vec<_> =
        starts.iter().map(|start| (start.keys, median(&start.from_snapshot))).collect();
    let rows = vec![
        row("one validation", validations.iter().map(|of| time(median(&of.ours))).collect()),
        row("memory of the index for each key", validations.iter().map(memory).collect()),
        row("replay, for each event", replays.iter().map(|of| time(median(&of.ours))).collect()),
        row("start from a snapshot", totals(&from_snapshot)),
        row("… for each key more", for_each_more(&from_snapshot)),
        row("start from the log alone", totals(&from_log)),
        row("… for each key more", for_each_more(&from_log)),
    ];
    Table { title: "Growth", header, rows }
}

/// The memory of few keys is less than what a process takes from the system at a time.
fn memory(validation: &Validation) -> String {
    if validation.keys < 50_000 {
        return "–".to_owned();
    }
    format!("{} bytes", validation.bytes / validation.keys)
}

fn totals(points: &[(usize, f64)]) -> Vec<String> {
    points.iter().map(|(_, nanos)| time(*nanos)).collect()
}

/// What each key costs that one size has more than the one before: a start has a price of its own.
#[expect(clippy::cast_precision_loss, reason = "figures are told to three digits")]
fn for_each_more(points: &[(usize, f64)]) -> Vec<String> {
    let step = |pair: &[(usize, f64)]| time((pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0) as f64);
    std::iter::once("–".to_owned()).chain(points.windows(2).map(step)).collect()
}
