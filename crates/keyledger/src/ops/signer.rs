use keyledger_audit::signer::{Signer, State};

use super::{Lag, Role};
use crate::{environment, transparency::SignerBeside};

/// The signer, how far it is behind the log, and why it does not sign.
pub(crate) fn signer_role(signer: &Signer) -> Role {
    let progress = signer.progress();
    let reason = match &progress.state {
        State::Live => None,
        State::CatchingUp => Some("it is catching up with the log".to_owned()),
        State::CutOff(why) => Some(format!("it is cut off: {why}")),
        State::Stopped(why) => Some(format!("it stopped: {why}")),
        State::Ended => Some("it has ended".to_owned()),
    };
    let lag_seconds = environment::instant().saturating_duration_since(progress.heard_at).as_secs_f64();
    let lag = Some(Lag { lag_events: progress.lag_events, lag_seconds });
    Role { lag, ..Role::new(NAME, Some(progress.position.get()), reason) }
}

/// The signer in a process that does other things besides; none where that process does not sign.
pub(crate) fn signer_role_beside(signer: &SignerBeside) -> Option<Role> {
    match signer {
        SignerBeside::None => None,
        SignerBeside::Refused(why) => Some(Role::new(NAME, None, Some(why.to_string()))),
        SignerBeside::Runs(signer) => Some(signer_role(signer)),
    }
}

const NAME: &str = "signer";
