//! The settings there are: one line each, from which they are recognised, explained and documented.

/// One setting.
pub(crate) struct Setting {
    /// `section.field`.
    pub name: &'static str,
    /// Its value where nobody gives one.
    pub default: Default,
    /// How its value is written; completes "… must be".
    pub expects: &'static str,
    /// What it does.
    pub about: &'static str,
    /// What has to be known of it to read and to show it.
    pub kind: Kind,
}

/// What a setting is where nobody gives one.
#[derive(Clone, Copy)]
pub(crate) enum Default {
    /// Nothing.
    Unset,
    /// This.
    Is(&'static str),
    /// This file of the data directory.
    InDataDir(&'static str),
}

/// How a setting is read and shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text, shown as it is.
    Plain,
    /// `true` or `false`.
    Switch,
    /// A URL; its user, password and query are not shown.
    Url,
}

const fn setting(
    name: &'static str,
    default: Default,
    expects: &'static str,
    about: &'static str,
) -> Setting {
    Setting { name, default, expects, about, kind: Kind::Plain }
}

const fn switch(name: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting { name, default: Default::Is(default), expects: "true or false", about, kind: Kind::Switch }
}

const fn url(name: &'static str, default: Default, expects: &'static str, about: &'static str) -> Setting {
    Setting { name, default, expects, about, kind: Kind::Url }
}

const ADDRESS: &str = "an address and a port, for example 127.0.0.1:8080";
const FILE: &str = "the path of a file";
const CLAIM: &str = "the name of a claim, or a JSON pointer to one, for example role or /realm_access/roles";
const DURATION: &str = "a duration, for example 500ms, 5s, 2m or 0";

/// Every setting, in the order in which people read about them.
pub(crate) const TABLE: &[Setting] = &[
    setting(
        "server.data_dir",
        Default::Is("./keyledger-data"),
        "the path of a directory",
        "Where the log, the read models, the snapshots and, unless told otherwise, the keyring lie.",
    ),
    setting(
        "listen.command",
        Default::Is("127.0.0.1:8080"),
        ADDRESS,
        "The management API and the portal. Port 0 picks a free port.",
    ),
    setting(
        "listen.command_certificate",
        Default::Unset,
        FILE,
        "The certificate chain of the command listener, PEM. Loaded again when it changes.",
    ),
    setting("listen.command_key", Default::Unset, FILE, "The private key of that certificate, PEM."),
    setting(
        "listen.validator",
        Default::Is("127.0.0.1:8081"),
        ADDRESS,
        "The authentication API. For the API's own network: never publish it.",
    ),
    setting(
        "listen.validator_certificate",
        Default::Unset,
        FILE,
        "The certificate chain of the validator's listener, PEM.",
    ),
    setting("listen.validator_key", Default::Unset, FILE, "The private key of that certificate, PEM."),
    setting("listen.ops", Default::Is("127.0.0.1:9100"), ADDRESS, "`/livez`, `/readyz` and `/metrics`."),
    setting(
        "listen.ops_certificate",
        Default::Unset,
        FILE,
        "The certificate chain of the operations listener, PEM.",
    ),
    setting("listen.ops_key", Default::Unset, FILE, "The private key of that certificate, PEM."),
    switch(
        "listen.behind_proxy",
        "false",
        "Whether something in front speaks TLS. Without it, an address off loopback needs a certificate.",
    ),
    url(
        "openid.issuer",
        Default::Unset,
        "an http or https URL, for example https://idp.example.com/realms/company",
        "The OpenID provider where people sign in to the portal, as it writes itself; docs/openid.md. Unset: they sign in here alone.",
    ),
    setting(
        "openid.client_id",
        Default::Unset,
        "a text without blanks",
        "By what the provider knows this portal.",
    ),
    setting(
        "openid.client_secret_file",
        Default::Unset,
        FILE,
        "The file that holds the secret which the provider gave to that client, for its owner alone. Unset: a client without one.",
    ),
    url(
        "openid.portal_url",
        Default::Unset,
        "an http or https URL without user, path or query, for example https://keys.example.com",
        "Where browsers find the portal. Tell the provider this URL with /sign-in/openid/callback behind it, and with /sign-in for after signing out.",
    ),
    setting(
        "openid.scopes",
        Default::Is("profile email"),
        "scopes with blanks between",
        "What the provider is asked for beside `openid`.",
    ),
    setting(
        "openid.partner_claim",
        Default::Is("partner"),
        CLAIM,
        "The claim that holds the id of somebody's partner.",
    ),
    setting(
        "openid.role_claim",
        Default::Is("role"),
        CLAIM,
        "The claim that holds somebody's role, or a list of them, as of groups.",
    ),
    setting(
        "openid.name_claim",
        Default::Is("email"),
        CLAIM,
        "The claim that holds what somebody is called.",
    ),
    setting(
        "openid.operator_role",
        Default::Is("operator"),
        "a text",
        "The role that makes an operator. Whoever has a partner and neither role is a member.",
    ),
    setting(
        "openid.admin_role",
        Default::Is("admin"),
        "a text",
        "The role that makes an admin of the partner.",
    ),
    setting(
        "openid.session",
        Default::Is("1h"),
        DURATION,
        "How long the claims are believed: for how long somebody stays signed in before they come from the provider again. 1m to 12h.",
    ),
    setting(
        "log.store",
        Default::Is("sqlite"),
        "sqlite, postgres or kurrentdb",
        "Which store keeps the event log: `sqlite`, a file of the data directory, or `postgres` or `kurrentdb`, a database that several machines may share.",
    ),
    setting(
        "log.url",
        Default::Unset,
        "a URL of a PostgreSQL or KurrentDB database without a password, for example postgres://keyledger@db.example.com/keyledger or kurrentdb://keyledger@db.example.com:2113",
        "The database of the event log, for `postgres` and `kurrentdb` (docs/kurrentdb.md). For PostgreSQL, behind a `?` may stand what libpq calls sslmode (verify-full where nothing is said and the server is elsewhere), sslrootcert, sslcert and sslkey, or a socket's directory as host. The password is taken from the file that `PGPASSFILE` names, or `~/.pgpass`.",
    ),
    setting(
        "log.password_file",
        Default::Unset,
        FILE,
        "The file that holds the password of the user in `log.url`, for `kurrentdb`; for its owner alone.",
    ),
    setting(
        "read_models.url",
        Default::Unset,
        "a URL of a PostgreSQL database without a password, for example postgres://keyledger@db.example.com/keyledger",
        "The database of the read models, which several machines may share, and which may be the log's: the lists, when secrets were last used, and who may use the portal. It is written as `log.url` is. Unset: files of the data directory.",
    ),
    setting(
        "kafka.brokers",
        Default::Unset,
        "one or more addresses of brokers with commas between, for example kafka-1:9092,kafka-2:9092",
        "The brokers of the Kafka cluster that events are published to. Unset: nothing is published.",
    ),
    setting(
        "kafka.topic_prefix",
        Default::Is("keyledger"),
        "1 to 200 letters, digits, dots, _ and -",
        "How the names of the topics begin; a dot follows.",
    ),
    setting(
        "kafka.partitions",
        Default::Is("1"),
        "a whole number from 1 to 1000",
        "How many partitions the topics of events have. With one, all events stand in one order; with more, those of each key do. It cannot be changed once something was published.",
    ),
    setting(
        "kafka.replication_factor",
        Default::Unset,
        "a whole number from 1 to 1000",
        "How many copies of each record a topic keeps that the relay makes. Unset: as many as the brokers' default says.",
    ),
    setting(
        "kafka.client_file",
        Default::Unset,
        FILE,
        "Properties of the Kafka client, a line `name=value` each: `security.protocol`, `sasl.username`, `ssl.ca.location` and others of librdkafka. For its owner alone, since it may hold passwords.",
    ),
    setting(
        "keyring.path",
        Default::InDataDir("keyring"),
        FILE,
        "The keyring. Keep it where neither the log nor its backups are.",
    ),
    setting(
        "transparency.signer_key",
        Default::InDataDir("signer-key"),
        FILE,
        "The key that signs checkpoints, made at the first start of a signer; docs/transparency.md. Keep it where neither the log nor its backups are.",
    ),
    setting(
        "transparency.directory",
        Default::InDataDir("transparency"),
        "the path of a directory",
        "Where the signer keeps the tree, and the command service finds it to serve it.",
    ),
    setting(
        "transparency.every",
        Default::Is("1s"),
        DURATION,
        "How long an event may wait for a checkpoint that covers it. At most 4s.",
    ),
    switch(
        "transparency.sign_in_serve",
        "true",
        "Whether `keyledger serve` signs, too, where its log is a file. A log in a database is signed by `keyledger signer` alone.",
    ),
    setting(
        "validator.soft_bound",
        Default::Is("5s"),
        DURATION,
        "How long a validator that does not hear from the log judges as ever.",
    ),
    setting(
        "validator.hard_bound",
        Default::Is("60s"),
        DURATION,
        "How long it goes on accepting the keys it knows. 0: it does not, once the soft bound is over.",
    ),
    setting(
        "validator.command_services",
        Default::Unset,
        "URLs without user, path or query, separated by commas, for example https://keys.example.com",
        "Every command service, for `keyledger validator`: it begins with a snapshot of the first that gives one, and tells each how far it has come, which receipts rest on.",
    ),
    setting(
        "validator.name",
        Default::Unset,
        "a text without blanks",
        "What receipts and `keyledger validators` call this validator. Unset: the name of the machine.",
    ),
    switch("validator.verify", "true", "Whether `POST /v1/verify`, which gives reasons, is served."),
    url(
        "client.url",
        Default::Is("http://127.0.0.1:8080"),
        "an http or https URL without user, path or query, for example https://keys.example.com",
        "Where the commands find the management API. Certificates are checked against the system's, or those in the file that `SSL_CERT_FILE` names.",
    ),
    setting(
        "client.key_file",
        Default::InDataDir("operator-key"),
        FILE,
        "The file that holds the management key which the commands show.",
    ),
    setting(
        "telemetry.log_format",
        Default::Is("auto"),
        "auto, json or pretty",
        "How log lines look; auto: pretty on a terminal, else JSON.",
    ),
    setting(
        "telemetry.log_level",
        Default::Is("info,actix_server=warn"),
        "a level (error, warn, info, debug, trace) or directives such as info,keyledger_validator=debug",
        "What is logged.",
    ),
    url(
        "telemetry.otlp_endpoint",
        Default::Unset,
        "an http or https URL, for example http://127.0.0.1:4318/v1/traces",
        "Where traces go over OTLP/HTTP. Unset: no traces.",
    ),
    setting(
        "secret.marker",
        Default::Is("kl1"),
        "a lower-case letter and two lower-case letters or digits, for example kl1",
        "The middle of every secret, which secret scanners look for. Choose it before the first key: a secret with another marker is malformed.",
    ),
];

/// The setting of this name.
pub(crate) fn find(name: &str) -> Option<&'static Setting> {
    TABLE.iter().find(|setting| setting.name == name)
}

/// The variable by which a setting is given.
pub(crate) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.replace('.', "__").to_ascii_uppercase())
}

/// How the variables that are settings begin.
pub(crate) const PREFIX: &str = "KEYLEDGER_";
