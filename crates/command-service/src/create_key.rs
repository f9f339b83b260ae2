use keyledger_domain::{
    KeyId, KeyName, PartnerId, Scopes, Throttle, Timestamp,
    envelope::uuid_v7,
    key::{self, Command, Situation, decide},
};
use keyledger_event_log::Lane;

use crate::{CommandError, CommandService, Minted, Refusal, Request, change::Decision, edit_key::Values};

/// Let there be a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateKey {
    /// Its owner.
    pub partner_id: PartnerId,
    /// What people call it.
    pub name: KeyName,
    /// What it may do.
    pub scopes: Scopes,
    /// How fast it may call; none: as keys do for which nothing was asked.
    pub throttle: Option<Throttle>,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
}

/// The most live keys a partner can have.
const MOST_LIVE_KEYS: u64 = 100_000;

impl CommandService {
    /// Creates a key and mints its first secret. With an idempotency key its `keyId` follows from that.
    ///
    /// # Errors
    /// [`CommandError`].
    #[tracing::instrument(name = "create_key", skip_all, fields(request_id = %request.request_id))]
    pub async fn create_key(&self, request: &Request, command: CreateKey) -> Result<Minted, CommandError> {
        let _underway = self.enter(request)?;
        if self.recorded(request, 0).await?.is_none() {
            self.must_have_room(&command.partner_id).await?;
        }
        let catalogue = self.scopes().await?;
        let values = Values { held: None, scopes: Some(&command.scopes), expires_at: command.expires_at };
        let attempted = self.change(request, self.new_key_id(request), Lane::Ordinary, |key, now| {
            let (secret, prefix) = self.mint();
            let CreateKey { partner_id, name, scopes, throttle, expires_at } = command.clone();
            let throttle = throttle.unwrap_or(Throttle::DEFAULT);
            let partner = partner_id.clone();
            let create = key::CreateKey { partner_id, name, prefix, scopes, throttle, expires_at };
            let situation = Situation { now, catalogue: &catalogue, authority: &request.authority };
            let events = decide(key, Command::Create(create), situation)
                .map_err(|rejection| values.all_faults(rejection, &catalogue, &partner, now))?;
            Ok(Decision { events, secret: Some(secret) })
        });
        Ok(self.settle_minted(attempted.await?).await)
    }

    fn new_key_id(&self, request: &Request) -> KeyId {
        match request.names(self.identity().log) {
            Some(names) => names.key_id(),
            None => KeyId(uuid_v7(self.now(), self.random())),
        }
    }

    /// Refuses a partner that is full. The lists tell, so creates that run at once may exceed the limit by their number.
    async fn must_have_room(&self, partner: &PartnerId) -> Result<(), CommandError> {
        let live = self.parts().lists.count_live(partner, self.now()).await?;
        if live >= MOST_LIVE_KEYS { Err(Refusal::TooManyKeys(live).into()) } else { Ok(()) }
    }
}
