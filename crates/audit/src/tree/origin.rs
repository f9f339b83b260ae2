use std::{fmt, str::FromStr};

use keyledger_event_log::LogIdentity;
use uuid::Uuid;

/// What a checkpoint is about: one life of one log. A restore may leave events out that the tree before it holds, so each
/// epoch has a tree of its own, over the whole log, and a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin(pub LogIdentity);

/// The text names no log of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no origin of a keyledger log, which is written keyledger/<log id>/<epoch>")]
pub struct InvalidOrigin;

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keyledger/{}/{}", self.0.log, self.0.epoch)
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let (log, epoch) =
            text.strip_prefix("keyledger/").and_then(|rest| rest.split_once('/')).ok_or(InvalidOrigin)?;
        let origin = Self(LogIdentity {
            log: Uuid::try_parse(log).map_err(|_| InvalidOrigin)?,
            epoch: epoch.parse().map_err(|_| InvalidOrigin)?,
        });
        // One log has one name: other spellings of it are not it.
        if origin.to_string() == text { Ok(origin) } else { Err(InvalidOrigin) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_one_name_in_each_of_its_lives() {
        let text = "keyledger/018f5a3c-7d10-7abc-8def-0123456789ab/2";
        let origin: Origin = text.parse().expect("an origin");
        assert_eq!((origin.to_string().as_str(), origin.0.epoch), (text, 2));
        let upper = text.to_uppercase();
        for wrong in
            ["", "keyledger/x/1", "keyledger/018f5a3c-7d10-7abc-8def-0123456789ab/02", upper.as_str()]
        {
            assert_eq!(wrong.parse::<Origin>(), Err(InvalidOrigin), "{wrong}");
        }
    }
}
