use keyledger_event_log::{Position, PublicLog};
use keyledger_kafka_relay::{Replay, replay};

use super::{needed_cluster, relay_id};
use crate::{
    cli::{Context, roles::ReplayArgs},
    installation::ReadOnly,
    output::progress_bar,
};

/// Publishes history to other topics than the relay's, also while the relay publishes.
///
/// # Errors
/// One sentence that says why it did not come to the end; started again, it goes on where it was.
pub(crate) async fn run(context: &Context, args: &ReplayArgs) -> anyhow::Result<()> {
    let (settings, output) = (context.settings(), context.output);
    let cluster = needed_cluster(settings)?;
    let topics = &args.topic_prefix;
    anyhow::ensure!(
        topics != cluster.topics(),
        "the topics {}.* are the relay's own, which hold everything once: give another --topic-prefix",
        topics.prefix()
    );
    let cluster = cluster.with_topics(topics.clone());
    let ReadOnly { log, keyring, .. } = ReadOnly::open(settings).await?;
    let (bar, on_progress) = progress_bar("publishing", output.json);
    let from = Position::new(args.from_position);
    let done =
        replay(PublicLog::of(log), keyring.mac_keys_source(), cluster, from, relay_id(), on_progress).await;
    bar.finish_and_clear();
    let Replay { up_to, events, resumed_after } = done?;
    if output.json {
        let resumed_after = resumed_after.map(Position::get);
        return Ok(output.value(&serde_json::json!({
            "from": from.get(), "upTo": up_to.get(), "events": events, "resumedAfter": resumed_after,
        }))?);
    }
    let resumed = resumed_after.map(|after| format!(", going on after position {after}")).unwrap_or_default();
    output.line(&format!(
        "Published {events} events to {}.*, which hold positions {from} to {up_to} now{resumed}.",
        topics.prefix()
    ))?;
    Ok(())
}
