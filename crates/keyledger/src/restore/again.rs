use std::{collections::HashSet, sync::Arc};

use anyhow::Context as _;
use keyledger_command_service::{
    CommandError, CommandService, EndOverlap, KeyRef, RegenerateKey, Revisions, RevokeKey,
};
use keyledger_domain::{KeyId, PartnerId, Reason, envelope::Stream, key::Overlap};
use keyledger_event_log::{EventLog, RecordedEvent, Revision, StreamName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::history::{History, Told};
use crate::installation::operator_request;

/// A key, as it is told to people.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Named {
    pub(super) key_id: KeyId,
    pub(super) partner_id: PartnerId,
}

/// What was done about what happened after the backup.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Again {
    /// Keys that were revoked again.
    pub(super) revoked: Vec<Named>,
    /// Keys that had got another secret, which is lost; the older ones were ended.
    pub(super) ended: Vec<Named>,
    /// Keys whose superseded secrets were ended again.
    pub(super) overlaps_ended: Vec<Named>,
    /// Keys that were changed in another way, and are as before.
    pub(super) changed: Vec<Named>,
    /// How many keys were created after the backup, and are gone.
    pub(super) gone: u64,
}

/// Takes away again, in a log that nobody serves from yet, what a history tells that was taken away.
///
/// # Errors
/// Where the log does not take it. Done again, nothing is recorded twice.
pub(super) async fn take_away_again(
    log: &Arc<dyn EventLog>,
    service: &CommandService,
    history: &History,
) -> anyhow::Result<Again> {
    let mut again = Again::default();
    for (key_id, told) in &history.keys {
        let stream =
            log.read_stream(&StreamName::new(Stream::Key(*key_id).to_string()), Revision::FIRST).await?;
        let Some(first) = stream.first() else {
            again.gone += 1;
            continue;
        };
        let key = KeyRef { partner_id: glimpse(first)?.data.partner_id, key_id: *key_id };
        let named = Named { key_id: *key_id, partner_id: key.partner_id.clone() };
        let done = one_key(log, service, key, told, &stream);
        match done.await.with_context(|| format!("cannot take away again what the key {key_id} lost"))? {
            Done::Revoked => again.revoked.push(named),
            Done::Ended => again.ended.push(named),
            Done::OverlapEnded => again.overlaps_ended.push(named),
            Done::Changed => again.changed.push(named),
            Done::Nothing => {}
        }
    }
    Ok(again)
}

enum Done {
    Revoked,
    Ended,
    OverlapEnded,
    Changed,
    Nothing,
}

async fn one_key(
    log: &Arc<dyn EventLog>,
    service: &CommandService,
    key: KeyRef,
    told: &Told,
    stream: &[RecordedEvent],
) -> anyhow::Result<Done> {
    let glimpses = stream.iter().map(glimpse).collect::<anyhow::Result<Vec<_>>>()?;
    let held: HashSet<Uuid> = stream.iter().map(|event| event.id).collect();
    let lacks = |event: Option<Uuid>| event.is_some_and(|id| !held.contains(&id));
    // What an earlier attempt at this restore recorded.
    let own = |kind: &str| {
        glimpses.iter().any(|event| event.epoch == log.identity().epoch && event.event_type == kind)
    };
    let was_revoked = glimpses.iter().any(|event| event.event_type == "KeyRevoked");
    if let Some(reason) = &told.revoked {
        if was_revoked {
            return Ok(if own("KeyRevoked") { Done::Revoked } else { Done::Nothing });
        }
        revoke(log, service, key, reason.clone()).await?;
        return Ok(Done::Revoked);
    }
    if was_revoked {
        return Ok(Done::Nothing);
    }
    if lacks(told.regenerated) {
        if !own("KeyRegenerated") {
            end_every_secret(log, service, key).await?;
        }
        return Ok(Done::Ended);
    }
    if lacks(told.overlap_ended) {
        end_overlap(log, service, key).await?;
        return Ok(Done::OverlapEnded);
    }
    Ok(if lacks(told.changed) { Done::Changed } else { Done::Nothing })
}

async fn revoke(
    log: &Arc<dyn EventLog>,
    service: &CommandService,
    key: KeyRef,
    reason: Option<Reason>,
) -> anyhow::Result<()> {
    // The last operator key, too: the keyring is the way back in.
    let command = RevokeKey { key, reason, force: true, revisions: Revisions::Any };
    service.revoke_key(&operator_request(&**log), command).await?;
    Ok(())
}

async fn end_overlap(
    log: &Arc<dyn EventLog>,
    service: &CommandService,
    key: KeyRef,
) -> Result<(), CommandError> {
    let command = EndOverlap { key, revisions: Revisions::Any };
    service.end_overlap(&operator_request(&**log), command).await.map(drop)
}

/// The newest secret of such a key is lost, since nobody holds what recognises it, and an older one must not be good for
/// ever again. The key stays, with a secret that nobody has: its owner regenerates it.
async fn end_every_secret(
    log: &Arc<dyn EventLog>,
    service: &CommandService,
    key: KeyRef,
) -> anyhow::Result<()> {
    let ended = async {
        end_overlap(log, service, key.clone()).await?;
        let overlap = Some(Overlap::seconds(0).expect("none is an overlap"));
        let command = RegenerateKey { key: key.clone(), overlap, replace: None, revisions: Revisions::Any };
        service.regenerate_key(&operator_request(&**log), command).await.map(drop)
    };
    match ended.await {
        // An expired key, or one of which something cannot be read: it can only be revoked.
        Err(CommandError::Refused(_)) => revoke(log, service, key, None).await,
        ended => Ok(ended?),
    }
}

#[derive(Deserialize)]
struct Glimpse {
    epoch: u32,
    #[serde(rename = "type")]
    event_type: String,
    data: GlimpseOfData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GlimpseOfData {
    partner_id: PartnerId,
}

fn glimpse(event: &RecordedEvent) -> anyhow::Result<Glimpse> {
    serde_json::from_slice(&event.public)
        .with_context(|| format!("the event at position {} cannot be read", event.position))
}
