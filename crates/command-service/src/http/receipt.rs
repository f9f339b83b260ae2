use std::time::Duration;

use keyledger_domain::Timestamp;
use keyledger_event_log::Position;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::Faults;
use crate::{CommandService, validators::Receipt};

/// How long an answer waits for validators in processes of their own.
const PATIENCE: Duration = Duration::from_secs(10);

/// For whom an answer waits, beyond the readers that it always waits for.
#[derive(Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(as = WaitFor, rename_all = "lowercase")]
pub(super) enum WaitFor {
    /// Every validator that reports: at most 10 seconds.
    Validators,
}

impl WaitFor {
    /// Reads the field `waitFor`.
    pub(super) fn read(value: &Value, field: &str, faults: &mut Faults) -> Option<Self> {
        let read = (value == "validators").then_some(Self::Validators);
        if read.is_none() {
            faults.push(field, "must be \"validators\"");
        }
        read
    }
}

/// At which validators a command is in force.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Receipt)]
pub(super) struct ReceiptBody {
    /// The validators that have applied it, and refuse by now what it ended at once.
    confirmed: Vec<String>,
    /// Those that did not say so in time.
    unconfirmed: Vec<String>,
    /// From when on none of them lets through what it ended, even one that is cut off from the log; with an overlap, its end.
    #[schema(value_type = String, format = DateTime)]
    safe_at: Timestamp,
}

impl ReceiptBody {
    /// Puts off when it is safe, where something is meant to work for longer.
    pub(super) fn not_before(self, moment: Option<Timestamp>) -> Self {
        Self { safe_at: moment.map_or(self.safe_at, |moment| self.safe_at.max(moment)), ..self }
    }
}

/// The receipt for a command whose last event is at `position`, where one was asked for; `applied`: whether this process has
/// applied it.
pub(super) async fn receipt(
    service: &CommandService,
    wait_for: Option<WaitFor>,
    position: Position,
    applied: bool,
) -> Option<ReceiptBody> {
    let WaitFor::Validators = wait_for?;
    let Receipt { confirmed, unconfirmed, safe_at } =
        service.parts().validators.receipt(position, applied, PATIENCE, || service.now()).await;
    Some(ReceiptBody { confirmed, unconfirmed, safe_at })
}
