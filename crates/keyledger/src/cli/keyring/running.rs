//! What the processes beside this command have loaded of the keyring.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    cli::Context,
    data_dir::Holder,
    keyring::{Kind, State},
};

/// A running process looks at the keyring each second; one that takes longer has a reason, which its logs tell.
const PATIENCE: Duration = Duration::from_secs(3);
const MOMENT: Duration = Duration::from_millis(50);

/// How the report of a process says that it has loaded a key.
pub(super) fn holds(kind: Kind, id: u32) -> String {
    format!("{} {id:08x} ", kind.name())
}

/// How the report of a process says that it has loaded a key in a state.
pub(super) fn holds_as(kind: Kind, id: u32, state: State) -> String {
    format!("{}{}", holds(kind, id), state.name())
}

/// Waits for a moment until every process that runs on the data directory reports a line that begins like this; names one
/// that does not.
pub(super) async fn without(beginning: &str, context: &Context) -> anyhow::Result<Option<Holder>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let reports = context.data_dir().reports()?;
        // A process with a part of the keyring for one that recognises nothing has no pepper, and needs none.
        let pepper = Kind::Pepper.name();
        let needs_none = |report: &str| {
            beginning.starts_with(pepper)
                && !report.is_empty()
                && !report.lines().any(|line| line.starts_with(pepper))
        };
        let lacks =
            |report: &str| !report.lines().any(|line| line.starts_with(beginning)) && !needs_none(report);
        let lacking = reports.into_iter().find(|(_, report)| lacks(report)).map(|(holder, _)| holder);
        if lacking.is_none() || Instant::now() >= until {
            return Ok(lacking);
        }
        sleep(MOMENT).await;
    }
}
