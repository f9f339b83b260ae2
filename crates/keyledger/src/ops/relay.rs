use keyledger_kafka_relay::{Relay, State};

use super::{Lag, Role};
use crate::environment;

/// The relay, how far it is behind the log, and why it does not publish.
pub(crate) fn relay_role(relay: &Relay) -> Role {
    let progress = relay.progress();
    let reason = match &progress.state {
        State::Live => None,
        State::CatchingUp => Some("it is catching up with the log".to_owned()),
        State::CutOff(why) => Some(format!("it is cut off: {why}")),
        State::Stopped(why) => Some(format!("it stopped: {why}")),
        State::Ended => Some("it has ended".to_owned()),
    };
    let lag_seconds = environment::instant().saturating_duration_since(progress.heard_at).as_secs_f64();
    let alarm = (progress.unreadable > 0).then(|| {
        format!(
            "{} events of a later release were published: run that release here, too",
            progress.unreadable
        )
    });
    let lag = Some(Lag { lag_events: progress.lag_events, lag_seconds });
    Role { lag, alarm, ..Role::new("relay", Some(progress.position.get()), reason) }
}
