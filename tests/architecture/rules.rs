//! The table of walls: what each crate of ours may use of ours, and what it must never reach, however indirectly.

/// What one crate may and must not reach through its normal dependencies, transitively.
pub(super) struct Rule {
    /// The crate, by its package name.
    pub(super) package: &'static str,
    /// The only packages of ours that it may reach.
    pub(super) ours: &'static [&'static str],
    /// Groups of foreign packages that it must not reach.
    pub(super) walls: &'static [Wall],
}

/// Foreign packages that stand for one thing a crate must not do.
pub(super) struct Wall {
    /// What reaching one of them would mean.
    pub(super) means: &'static str,
    /// Package names; one that ends in `*` stands for every name that begins so.
    pub(super) packages: &'static [&'static str],
}

const SQLITE: Wall = Wall { means: "an SQLite driver", packages: &["rusqlite*", "libsqlite3-sys"] };
const OTHER_SQL: Wall = Wall {
    means: "an SQL driver",
    packages: &["sqlx*", "postgres*", "tokio-postgres*", "diesel*", "sea-orm*"],
};
const KAFKA: Wall = Wall { means: "a Kafka driver", packages: &["rdkafka*"] };
const KURRENTDB: Wall =
    Wall { means: "a KurrentDB driver", packages: &["kurrentdb*", "eventstore*", "tonic*"] };
const HTTP_SERVER: Wall = Wall { means: "an HTTP server", packages: &["actix*", "hyper*", "axum*"] };
const ACTIX: Wall = Wall { means: "an HTTP server of the product's", packages: &["actix*"] };
const HTTP_CLIENT: Wall = Wall { means: "an HTTP client", packages: &["reqwest*", "awc"] };
const RUNTIME: Wall = Wall { means: "an async runtime", packages: &["tokio*", "async-std*", "smol"] };
const RANDOMNESS: Wall =
    Wall { means: "a source of randomness", packages: &["rand*", "getrandom*", "fastrand"] };
const CLOCK: Wall = Wall { means: "a clock", packages: &["iana-time-zone*", "quanta", "time", "coarsetime"] };
const TRACING: Wall =
    Wall { means: "logs or traces", packages: &["tracing*", "log", "opentelemetry*", "slog*"] };
const SERIALISATION: Wall = Wall {
    means: "serialisation, which could write a secret",
    packages: &["serde*", "postcard", "schemars*"],
};
const CONFIGURATION: Wall = Wall {
    means: "configuration or the command line",
    packages: &["figment*", "clap*", "config", "dotenv*", "toml*"],
};

const DOMAIN: &str = "keyledger-domain";
const SECRET: &str = "keyledger-secret";
const DATABASE_URL: &str = "keyledger-database-url";
const EVENT_LOG: &str = "keyledger-event-log";
const EVENT_LOG_KURRENTDB: &str = "keyledger-event-log-kurrentdb";
const EVENT_LOG_POSTGRES: &str = "keyledger-event-log-postgres";
const EVENT_LOG_SQLITE: &str = "keyledger-event-log-sqlite";
const READ_MODELS: &str = "keyledger-read-models";
const PROJECTORS: &str = "keyledger-projectors";
const COMMAND_SERVICE: &str = "keyledger-command-service";
const VALIDATOR: &str = "keyledger-validator";
const LISTENER: &str = "keyledger-listener";
const PORTAL: &str = "keyledger-portal";
const KAFKA_RELAY: &str = "keyledger-kafka-relay";
const AUDIT: &str = "keyledger-audit";
const KURRENTDB_STAND_IN: &str = "keyledger-tests-kurrentdb-stand-in";

/// One rule per crate, in the order of the tiers. A crate without a rule, and a rule without a crate, fail the test.
pub(super) const RULES: &[Rule] = &[
    Rule {
        package: DOMAIN,
        ours: &[],
        walls: &[
            RUNTIME,
            SQLITE,
            OTHER_SQL,
            KAFKA,
            KURRENTDB,
            HTTP_SERVER,
            HTTP_CLIENT,
            RANDOMNESS,
            CLOCK,
            TRACING,
            CONFIGURATION,
        ],
    },
    Rule {
        package: SECRET,
        ours: &[],
        walls: &[
            SERIALISATION,
            TRACING,
            RUNTIME,
            SQLITE,
            OTHER_SQL,
            KAFKA,
            KURRENTDB,
            HTTP_SERVER,
            HTTP_CLIENT,
            RANDOMNESS,
            CLOCK,
            CONFIGURATION,
        ],
    },
    Rule {
        package: EVENT_LOG,
        ours: &[],
        walls: &[SQLITE, OTHER_SQL, KAFKA, KURRENTDB, HTTP_SERVER, HTTP_CLIENT, CONFIGURATION],
    },
    Rule {
        package: EVENT_LOG_SQLITE,
        ours: &[EVENT_LOG],
        walls: &[OTHER_SQL, KAFKA, KURRENTDB, HTTP_SERVER, HTTP_CLIENT, CONFIGURATION],
    },
    Rule {
        // No wall against configuration, here and below: sqlx brings dotenvy along, for macros that nobody here uses.
        package: DATABASE_URL,
        ours: &[],
        walls: &[SQLITE, KAFKA, KURRENTDB, HTTP_SERVER, HTTP_CLIENT],
    },
    Rule {
        package: EVENT_LOG_POSTGRES,
        ours: &[DATABASE_URL, EVENT_LOG],
        walls: &[SQLITE, KAFKA, KURRENTDB, HTTP_SERVER, HTTP_CLIENT],
    },
    Rule {
        // No wall against servers and clients of HTTP: the vendor's client brings both along, for gRPC and for old servers.
        package: EVENT_LOG_KURRENTDB,
        ours: &[EVENT_LOG],
        walls: &[SQLITE, OTHER_SQL, KAFKA, ACTIX, CONFIGURATION],
    },
    Rule {
        package: READ_MODELS,
        ours: &[DATABASE_URL, DOMAIN, EVENT_LOG],
        walls: &[KAFKA, KURRENTDB, HTTP_SERVER, HTTP_CLIENT],
    },
    Rule {
        package: LISTENER,
        ours: &[],
        walls: &[SQLITE, OTHER_SQL, KAFKA, KURRENTDB, HTTP_CLIENT, CONFIGURATION],
    },
    Rule {
        package: COMMAND_SERVICE,
        ours: &[DOMAIN, SECRET, EVENT_LOG],
        walls: &[SQLITE, OTHER_SQL, KAFKA, KURRENTDB, HTTP_CLIENT, CONFIGURATION],
    },
    Rule {
        package: PROJECTORS,
        ours: &[DOMAIN, EVENT_LOG],
        walls: &[SQLITE, OTHER_SQL, KAFKA, KURRENTDB, HTTP_SERVER, HTTP_CLIENT, CONFIGURATION],
    },
    Rule {
        package: VALIDATOR,
        ours: &[DOMAIN, SECRET, EVENT_LOG],
        walls: &[SQLITE, OTHER_SQL, KAFKA, KURRENTDB, HTTP_CLIENT, CONFIGURATION],
    },
    Rule {
        // It reads the log as every projector does; what it publishes is read by everybody.
        package: KAFKA_RELAY,
        ours: &[DOMAIN, EVENT_LOG, PROJECTORS],
        walls: &[SQLITE, OTHER_SQL, KURRENTDB, HTTP_SERVER, HTTP_CLIENT, RANDOMNESS, CONFIGURATION],
    },
    Rule {
        // It is given readers, and may hold nothing by which it could write, serve or mint.
        package: AUDIT,
        ours: &[DOMAIN, EVENT_LOG, PROJECTORS],
        walls: &[SQLITE, OTHER_SQL, KAFKA, KURRENTDB, HTTP_SERVER, HTTP_CLIENT, CONFIGURATION],
    },
    Rule {
        // Its tables are its own, in either store; keys it reaches through the use cases alone. The drivers are behind
        // `people`, whose rules are one code over both: a port that the root fulfils would tear them from their rows.
        package: PORTAL,
        ours: &[DATABASE_URL, DOMAIN, SECRET, EVENT_LOG, COMMAND_SERVICE],
        walls: &[KAFKA, KURRENTDB],
    },
    Rule {
        // The root picks adapters and reads the configuration, so nothing of the product is foreign to it.
        package: "keyledger",
        ours: &[
            DOMAIN,
            SECRET,
            DATABASE_URL,
            EVENT_LOG,
            EVENT_LOG_SQLITE,
            EVENT_LOG_KURRENTDB,
            EVENT_LOG_POSTGRES,
            READ_MODELS,
            LISTENER,
            COMMAND_SERVICE,
            PROJECTORS,
            VALIDATOR,
            KAFKA_RELAY,
            AUDIT,
            PORTAL,
        ],
        walls: &[],
    },
    Rule {
        // The tests see the product from outside, as a process, and its libraries; the binary is not a library.
        package: "keyledger-tests",
        ours: &[
            DOMAIN,
            SECRET,
            DATABASE_URL,
            EVENT_LOG,
            EVENT_LOG_SQLITE,
            EVENT_LOG_KURRENTDB,
            EVENT_LOG_POSTGRES,
            READ_MODELS,
            LISTENER,
            COMMAND_SERVICE,
            PROJECTORS,
            VALIDATOR,
            KAFKA_RELAY,
            AUDIT,
            PORTAL,
            KURRENTDB_STAND_IN,
        ],
        walls: &[],
    },
    Rule {
        // A server that shared code with the adapter would share its mistakes.
        package: KURRENTDB_STAND_IN,
        ours: &[],
        walls: &[SQLITE, OTHER_SQL, KAFKA, CONFIGURATION],
    },
];
