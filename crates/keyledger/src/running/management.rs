use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use actix_web::web::ServiceConfig;
use keyledger_command_service::{
    CommandService, Parts,
    ports::{Gatekeeper, LastUsed, Readers},
    validators::Validators,
};
use keyledger_listener::{Listening, listen};
use keyledger_portal::{Portal, Reached, people::People};
use keyledger_validator::KeyIndex;

use super::{
    as_problem, every_core, listener,
    ports::{
        IndexAndLists, IndexGatekeeper, IndexSnapshots, KeyringPort, Lists, SqlKeyLists, TransparencyFiles,
    },
};
use crate::{
    environment::{OsRandomness, SystemClock},
    installation::{HeldKeyring, Installation, PeoplePlace},
    openid,
    settings::{Settings, Store},
};

/// The listener of the management API and the portal.
pub(crate) struct Management {
    /// Where it listens.
    pub(crate) listening: Listening,
    /// Who may use the portal; none where that cannot be known, and the portal is not served.
    pub(crate) people: Option<People>,
    stopping: Arc<AtomicBool>,
}

/// What differs between a command service that has the readers of the log in its own process and one that has not.
pub(crate) struct ManagementPorts {
    /// By it is told who asks.
    pub(crate) index: Arc<KeyIndex>,
    pub(crate) lists: Lists,
    pub(crate) last_used: Arc<dyn LastUsed>,
    pub(crate) readers: Arc<dyn Readers>,
    /// What the validator in this process is called; none where there is none.
    pub(crate) here: Option<&'static str>,
}

impl Management {
    /// Listens.
    ///
    /// # Errors
    /// One sentence: an address that is taken, a provider that makes no sense.
    pub(crate) fn open(
        settings: &Settings,
        installation: &Installation,
        ports: ManagementPorts,
    ) -> anyhow::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let ManagementPorts { index, lists, last_used, readers, here } = ports;
        let shared = settings.log.store != Store::Sqlite;
        let snapshots = Arc::new(IndexSnapshots::new(index.clone(), installation.keyring.clone()));
        let projections = Arc::new(IndexAndLists { index: index.clone(), lists: lists.clone() });
        let gatekeeper: Arc<dyn Gatekeeper> = Arc::new(IndexGatekeeper { index, stopping: stopping.clone() });
        let people =
            people(&PeoplePlace::of(&settings.read_models, &installation.directory), &installation.keyring)?;
        let transparency =
            TransparencyFiles::of(&settings.transparency.directory, installation.log.identity());
        let service = CommandService::new(Parts {
            log: installation.log.clone(),
            lists: Arc::new(SqlKeyLists(lists)),
            last_used,
            readers,
            validators: Arc::new(Validators::new(here, shared, settings.validator.longest_silence())),
            keyring: Arc::new(KeyringPort(installation.keyring.clone())),
            clock: Arc::new(SystemClock),
            randomness: Arc::new(OsRandomness),
            marker: settings.secret.marker.0,
        });
        let provider = openid::provider(&settings.openid)?;
        let pages = people.clone().map(|people| {
            let (clock, randomness) = (Arc::new(SystemClock), Arc::new(OsRandomness));
            let portal = Portal::new(service.clone(), people, provider, clock, randomness, reached(settings));
            keyledger_portal::routes::configure(portal)
        });
        let management = keyledger_command_service::routes::configure(
            service,
            gatekeeper,
            snapshots,
            projections,
            Arc::new(transparency),
        );
        let routes = move |config: &mut ServiceConfig| {
            pages.iter().for_each(|pages| pages(config));
            // What is neither a page nor the API's is told by the API.
            management(config);
        };
        let endpoint = settings.listen.endpoints().command;
        let listening = listen(listener(endpoint, every_core()), as_problem, routes)?;
        Ok(Self { listening, people, stopping })
    }

    /// Lets live streams end: whoever follows one may begin again elsewhere.
    pub(crate) fn end_streams(&self) {
        self.stopping.store(true, Ordering::Release);
    }
}

/// The people of the portal. Keys are managed also where a file of them is damaged, without pages; a database that cannot be
/// used is refused, as its lists are.
fn people(place: &PeoplePlace, keyring: &HeldKeyring) -> anyhow::Result<Option<People>> {
    match (place.open(keyring), place) {
        (Ok(people), _) => Ok(Some(people)),
        (Err(error), PeoplePlace::File(_)) => {
            tracing::error!(%error, "the portal is not served");
            Ok(None)
        }
        (Err(error), PeoplePlace::Database { .. }) => Err(error),
    }
}

/// How browsers reach the listener of the pages.
fn reached(settings: &Settings) -> Reached {
    if settings.listen.endpoints().command.tls.is_some() {
        Reached::OverTls
    } else if settings.listen.is_behind_proxy() {
        Reached::ThroughProxy
    } else {
        Reached::Directly
    }
}
