use keyledger_event_log::PublicLog;
use keyledger_kafka_relay::{WentOn, go_on};

use super::{needed_cluster, relay_id};
use crate::{cli::Context, data_dir::Role, installation::ReadOnly, output::count};

/// Lets the topics go on with a log that was restored from a backup.
///
/// # Errors
/// One sentence: a relay that runs, topics that are not of an earlier life of this log.
pub(crate) async fn run(context: &Context) -> anyhow::Result<()> {
    let (settings, output) = (context.settings(), context.output);
    let cluster = needed_cluster(settings)?;
    let prefix = cluster.topics().prefix().to_owned();
    let ReadOnly { directory, log, keyring } = ReadOnly::open(settings).await?;
    let _lock = directory.lock(Role::Relay)?;
    let epoch = log.identity().epoch;
    let went_on = go_on(PublicLog::of(log), keyring.mac_keys_source(), cluster, relay_id()).await?;
    let Some(WentOn { epoch, after, undone, told_anew, gone }) = went_on else {
        if output.json {
            return Ok(output.value(&serde_json::json!({ "epoch": epoch, "changed": false }))?);
        }
        return Ok(output.line(&format!("The topics {prefix}.* are in epoch {epoch} already."))?);
    };
    if output.json {
        return Ok(output.value(&serde_json::json!({
            "epoch": epoch, "changed": true, "after": after.get(), "undone": undone, "toldAnew": told_anew, "gone": gone,
        }))?);
    }
    let many = |number: u64, thing| count(usize::try_from(number).unwrap_or(usize::MAX), thing);
    Ok(output.line(&format!(
        "The topics {prefix}.* go on behind position {after} in epoch {epoch}. {} that had been published never happened \
         in it; {} told anew, {} taken out.",
        many(undone, "event"),
        many(told_anew, "key"),
        many(gone, "key")
    ))?)
}
