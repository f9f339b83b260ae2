use std::sync::Arc;

use keyledger_command_service::CommandService;
use keyledger_domain::Clock;
use keyledger_secret::Randomness;
use tokio::task;

use crate::{
    attempts::Attempts,
    openid::OpenIdProvider,
    people::{Lifetimes, PasswordHash, People, Person, Unavailable},
};

/// How browsers reach the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// The listener has a certificate.
    OverTls,
    /// A proxy stands before it.
    ThroughProxy,
    /// It listens to its own machine.
    Directly,
}

/// What the pages work with.
pub struct Portal {
    pub(crate) service: CommandService,
    people: People,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) reached: Reached,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) attempts: Attempts,
    /// Compared with where there is nobody of a name, so that this takes as long.
    pub(crate) nobody: PasswordHash,
    /// Where people sign in too, when not here alone.
    pub(crate) provider: Option<OpenIdProvider>,
}

impl Portal {
    /// A portal to the keys of a service, for these people, and for those whom a provider vouches for.
    #[must_use]
    pub fn new(
        service: CommandService,
        people: People,
        provider: Option<OpenIdProvider>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
        reached: Reached,
    ) -> Self {
        let nobody = PasswordHash::of_nobody(&*randomness);
        let (mut lifetimes, attempts) = (Lifetimes::default(), Attempts::default());
        if let Some(provider) = &provider {
            lifetimes.vouched_seconds = provider.session_seconds();
        }
        Self { service, people, clock, randomness, reached, lifetimes, attempts, nobody, provider }
    }

    /// Whether somebody signs in here, or at the provider that is set. Who came from another one, which the settings named
    /// before, is vouched for by nobody.
    pub(crate) fn knows_where(&self, person: &Person) -> bool {
        let set = self.provider.as_ref().map(OpenIdProvider::issuer);
        person.issuer.is_none() || person.issuer.as_deref() == set
    }

    /// So many random bytes.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.randomness.fill(&mut bytes);
        bytes
    }

    /// Asks the people's store something, on a thread that may block.
    pub(crate) async fn people<T: Send + 'static, E: From<Unavailable> + Send + 'static>(
        &self,
        question: impl FnOnce(&People) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let people = self.people.clone();
        let answer = task::spawn_blocking(move || question(&people)).await;
        answer.unwrap_or_else(|error| Err(Unavailable::from_task(&error).into()))
    }
}
