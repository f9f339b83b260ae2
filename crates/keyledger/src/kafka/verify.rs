use keyledger_event_log::PublicLog;
use keyledger_kafka_relay::{Report, verify};

use super::needed_cluster;
use crate::{
    cli::{Context, roles::VerifyArgs},
    installation::ReadOnly,
    output::{clean, count, progress_bar},
};

/// Compares the topics with the log, also while the relay publishes, and tells what does not agree.
///
/// # Errors
/// One sentence: what kept the two from being compared, or that they do not agree.
pub(crate) async fn run(context: &Context, args: &VerifyArgs) -> anyhow::Result<()> {
    let (settings, output) = (context.settings(), context.output);
    let mut cluster = needed_cluster(settings)?;
    if let Some(topics) = &args.topic_prefix {
        cluster = cluster.with_topics(topics.clone());
    }
    let prefix = cluster.topics().prefix().to_owned();
    let ReadOnly { log, keyring, .. } = ReadOnly::open(settings).await?;
    let (bar, on_progress) = progress_bar("comparing", output.json);
    let report = verify(PublicLog::of(log), keyring.mac_keys_source(), cluster, on_progress).await;
    bar.finish_and_clear();
    let Report { from, up_to, events, expired, keys, findings, faults } = report?;
    if output.json {
        output.value(&serde_json::json!({
            "from": from.get(), "upTo": up_to.get(), "events": events, "expired": expired, "keys": keys,
            "faults": faults, "findings": findings,
        }))?;
    } else {
        for finding in &findings {
            output.line(&clean(&finding.to_string()))?;
        }
        if faults > findings.len() as u64 {
            output.line(&format!("… and {} more", faults - findings.len() as u64))?;
        }
        let expired = if expired > 0 {
            format!(
                ", {} of them without a record any more, since the topic keeps them for a time only",
                count(usize::try_from(expired).unwrap_or(usize::MAX), "event")
            )
        } else {
            String::new()
        };
        output.line(&format!(
            "Compared {events} events, positions {from} to {up_to}, and {keys} keys with {prefix}.*{expired}."
        ))?;
    }
    anyhow::ensure!(
        faults == 0,
        "the topics {prefix}.* do not say what the log says, in {}: see docs/kafka.md on what to do",
        count(usize::try_from(faults).unwrap_or(usize::MAX), "place")
    );
    Ok(())
}
