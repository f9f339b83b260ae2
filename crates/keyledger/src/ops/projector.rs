use keyledger_projectors::{Projector, State};

use super::Role;

/// A projector, how far it has come, and why what it makes is not what the log says.
pub(crate) fn projector_role(projector: &Projector) -> Role {
    let progress = projector.progress();
    let reason = match &progress.state {
        State::Live => None,
        State::CatchingUp => Some("it is catching up with the log".to_owned()),
        State::CutOff(why) => Some(format!("it is cut off: {why}")),
        State::Stopped(why) => Some(format!("it stopped: {why}")),
        State::Ended => Some("it has ended".to_owned()),
    };
    Role::new(projector.name(), Some(progress.position.get()), reason)
}
