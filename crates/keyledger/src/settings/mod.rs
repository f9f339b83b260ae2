//! What the registry is told: defaults, then `keyledger.toml`, then `KEYLEDGER_SECTION__FIELD`, then flags, the later
//! over the earlier. [`table`] is the one list of the settings there are; `docs/configuration.md` is printed from it.

pub(crate) mod check;
pub(crate) mod duration;
mod layers;
mod load;
mod nearest;
mod reference;
mod table;
mod values;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use keyledger_listener::TlsFiles;
use serde::Deserialize;

use crate::environment;

pub(crate) use duration::{InvalidSpan, Span};
pub(crate) use layers::Flag;
pub(crate) use load::{Loaded, Sources, WrongFlag, load};
pub(crate) use reference::reference;
pub(crate) use values::{
    Brokers, Claim, Database, HttpUrl, HttpUrls, LogFormat, LogLevel, LogUrl, PlainText, SecretMarker,
    SmallNumber, Store, TopicPrefix,
};

/// Every setting with its value. What each means stands in [`table`].
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Settings {
    /// Where data lies.
    pub server: Server,
    /// What is listened on.
    pub listen: Listen,
    /// Where people sign in, when not here alone.
    pub openid: OpenId,
    /// The event log.
    pub log: Log,
    /// The read models.
    #[serde(default)]
    pub read_models: ReadModels,
    /// Where events are published.
    pub kafka: Kafka,
    /// The keyring file.
    pub keyring: KeyringFile,
    /// How the log is signed.
    pub transparency: Transparency,
    /// How requests are judged.
    pub validator: Validator,
    /// How the commands reach the registry.
    pub client: Client,
    /// Logs and traces.
    pub telemetry: Telemetry,
    /// What secrets look like.
    pub secret: Secret,
}

/// Section `server`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Server {
    /// `server.data_dir`
    pub data_dir: PathBuf,
}

/// Section `listen`, as it is written; [`Listen::endpoints`] puts together what belongs together.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Listen {
    command: SocketAddr,
    command_certificate: Option<PathBuf>,
    command_key: Option<PathBuf>,
    validator: SocketAddr,
    validator_certificate: Option<PathBuf>,
    validator_key: Option<PathBuf>,
    ops: SocketAddr,
    ops_certificate: Option<PathBuf>,
    ops_key: Option<PathBuf>,
    behind_proxy: bool,
}

/// Where one listener listens, and what it shows.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// Its name in settings, logs and metrics: `command`, `validator` or `ops`.
    pub name: &'static str,
    /// Where; port 0 picks a free one.
    pub address: SocketAddr,
    /// Its certificate and private key; none for plain TCP.
    pub tls: Option<TlsFiles>,
}

/// The three listeners.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    /// The management API and the portal.
    pub command: Endpoint,
    /// The authentication API.
    pub validator: Endpoint,
    /// Liveness, readiness, metrics.
    pub ops: Endpoint,
}

impl Listen {
    /// Whether something else takes the connections of those who come from elsewhere.
    pub(crate) fn is_behind_proxy(&self) -> bool {
        self.behind_proxy
    }

    /// The three listeners. A certificate without its key is a fault that [`check`] names; here it counts as none.
    pub(crate) fn endpoints(&self) -> Endpoints {
        let endpoint = |name, address, certificate: &Option<PathBuf>, key: &Option<PathBuf>| {
            let tls = certificate.clone().zip(key.clone());
            Endpoint { name, address, tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }) }
        };
        Endpoints {
            command: endpoint("command", self.command, &self.command_certificate, &self.command_key),
            validator: endpoint(
                "validator",
                self.validator,
                &self.validator_certificate,
                &self.validator_key,
            ),
            ops: endpoint("ops", self.ops, &self.ops_certificate, &self.ops_key),
        }
    }
}

/// Section `openid`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OpenId {
    /// `openid.issuer`
    pub issuer: Option<HttpUrl>,
    /// `openid.client_id`
    pub client_id: Option<PlainText>,
    /// `openid.client_secret_file`
    pub client_secret_file: Option<PathBuf>,
    /// `openid.portal_url`
    #[serde(default, deserialize_with = "values::bare_if_any")]
    pub portal_url: Option<HttpUrl>,
    /// `openid.scopes`
    pub scopes: String,
    /// `openid.partner_claim`
    pub partner_claim: Claim,
    /// `openid.role_claim`
    pub role_claim: Claim,
    /// `openid.name_claim`
    pub name_claim: Claim,
    /// `openid.operator_role`
    pub operator_role: PlainText,
    /// `openid.admin_role`
    pub admin_role: PlainText,
    /// `openid.session`
    pub session: Span,
}

/// Section `log`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Log {
    /// `log.store`
    pub store: Store,
    /// `log.url`
    pub url: Option<LogUrl>,
    /// `log.password_file`
    pub password_file: Option<PathBuf>,
}

/// Section `read_models`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct ReadModels {
    /// `read_models.url`
    pub url: Option<Database>,
}

/// Section `kafka`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Kafka {
    /// `kafka.brokers`
    pub brokers: Option<Brokers>,
    /// `kafka.topic_prefix`
    pub topic_prefix: TopicPrefix,
    /// `kafka.partitions`
    pub partitions: SmallNumber,
    /// `kafka.replication_factor`
    pub replication_factor: Option<SmallNumber>,
    /// `kafka.client_file`
    pub client_file: Option<PathBuf>,
}

/// Section `keyring`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct KeyringFile {
    /// `keyring.path`
    pub path: PathBuf,
}

/// Section `transparency`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Transparency {
    /// `transparency.signer_key`
    pub signer_key: PathBuf,
    /// `transparency.directory`
    pub directory: PathBuf,
    /// `transparency.every`
    pub every: Span,
    /// `transparency.sign_in_serve`
    pub sign_in_serve: bool,
}

/// Section `validator`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Validator {
    /// `validator.soft_bound`
    pub soft_bound: Span,
    /// `validator.hard_bound`
    pub hard_bound: Span,
    /// `validator.verify`
    pub verify: bool,
    /// `validator.command_services`
    command_services: Option<HttpUrls>,
    /// `validator.name`
    name: Option<PlainText>,
}

impl Validator {
    /// For how long a validator answers without hearing from the log.
    pub(crate) fn longest_silence(&self) -> Duration {
        self.hard_bound.0.max(self.soft_bound.0)
    }

    /// The command services that a validator in a process of its own knows; none where none are named.
    pub(crate) fn command_services(&self) -> Vec<HttpUrl> {
        self.command_services.as_ref().map_or_else(Vec::new, |urls| urls.0.clone())
    }

    /// What a validator in a process of its own is called.
    pub(crate) fn name(&self) -> String {
        self.name.as_ref().map_or_else(environment::host_name, |name| name.0.clone())
    }
}

/// Section `client`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Client {
    /// `client.url`
    #[serde(deserialize_with = "values::bare")]
    pub url: HttpUrl,
    /// `client.key_file`
    pub key_file: PathBuf,
}

/// Section `telemetry`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Telemetry {
    /// `telemetry.log_format`
    pub log_format: LogFormat,
    /// `telemetry.log_level`
    pub log_level: LogLevel,
    /// `telemetry.otlp_endpoint`
    pub otlp_endpoint: Option<HttpUrl>,
}

/// Section `secret`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Secret {
    /// `secret.marker`
    pub marker: SecretMarker,
}

/// The longest bound of staleness there may be: a validator that guesses for longer than this is of no use.
const LONGEST_BOUND: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest that an event may be set to wait for its checkpoint, so that with what signing itself takes it never waits for
/// more than 5 s.
const LONGEST_UNSIGNED: Duration = Duration::from_secs(4);
