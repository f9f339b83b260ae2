//! Claims: each is a stream of one event, which says who holds it.

use eventstore::{EventData, StreamState};
use keyledger_event_log::{Claim, StreamName};
use uuid::Uuid;

use crate::{
    connection::{Ask, Connection},
    fault::Fault,
};

/// The type of the one event.
const CLAIM: &str = "keyledger-claim";

/// Under which the id of a claim's event is made of the claim and its holder: the same claim again is the same event.
const NAMESPACE: Uuid = Uuid::from_u128(0x6b65_796c_6564_6765_725f_636c_6169_6d73);

fn stream(claim: &Claim) -> String {
    format!("claim-{claim}")
}

/// Who holds a claim.
pub(crate) async fn holder(db: &Connection, claim: &Claim) -> Result<Option<StreamName>, Fault> {
    let name = stream(claim);
    let found = db.read(&Ask::Stream { name: &name, from: 0, count: 1 }).await?;
    let Some(event) = found.first() else { return Ok(None) };
    let says: Option<serde_json::Value> = serde_json::from_slice(&event.data).ok();
    let holder = says.as_ref().and_then(|says| says.get("holder")?.as_str());
    match holder {
        Some(holder) if event.event_type == CLAIM => Ok(Some(StreamName::new(holder))),
        _ => Err(Fault::Damaged(format!("{name} does not say who holds the claim"))),
    }
}

/// Takes a claim that nobody holds.
///
/// The id of its event says who takes it, so that an id which the store knows already is this very claim.
pub(crate) async fn take(db: &Connection, claim: &Claim, holder: &StreamName) -> Result<(), Fault> {
    let id = Uuid::new_v5(&NAMESPACE, format!("{claim} {holder}").as_bytes());
    let says = serde_json::json!({ "holder": holder.as_str() });
    let event = EventData::json(CLAIM, &says).map_err(|error| Fault::Damaged(error.to_string()))?;
    db.append(&stream(claim), StreamState::NoStream, vec![event.id(id)]).await
}
