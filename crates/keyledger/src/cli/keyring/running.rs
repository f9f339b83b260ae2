//! What the processes beside this command have loaded of the keyring.

use crate::{cli::Context, data_dir::Holder, keyring::Kind};

/// How the report of a process begins the line of a key.
pub(super) fn key(kind: Kind, id: u32) -> String {
    format!("{} {id:08x} ", kind.name())
}

/// A process that runs on the data directory and does not report a line that begins like this; none where all do.
pub(super) fn without(beginning: &str, context: &Context) -> anyhow::Result<Option<Holder>> {
    let reports = context.data_dir().reports()?;
    let lacks = |report: &str| !report.lines().any(|line| line.starts_with(beginning));
    Ok(reports.into_iter().find(|(_, report)| lacks(report)).map(|(holder, _)| holder))
}
