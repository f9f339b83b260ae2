use std::env;
use std::sync::LazyLock;

use keyledger_tests_kurrentdb_stand_in::StandIn;
use tokio::runtime::Runtime;

use crate::SharedPostgres;

/// Which store keeps the logs of a run's registries. The same tests are run again with another one.
const VARIABLE: &str = "KEYLEDGER_TEST_LOG";

/// The server of a run whose logs are on PostgreSQL, a database for each registry.
static POSTGRES: SharedPostgres = SharedPostgres::new();

/// Where the servers live that stand in for KurrentDB, one for each registry.
static STAND_INS: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// The setting of where read models are.
pub(crate) const READ_MODELS: &str = "KEYLEDGER_READ_MODELS__URL";

/// The settings by which a new registry keeps its log, and its read models, where this run says: none for the embedded ones,
/// which are the default, or those of an empty database.
///
/// # Panics
/// Where the variable says something else.
pub(crate) fn settings_of_new_log() -> Vec<(String, String)> {
    match env::var(VARIABLE).as_deref() {
        Err(_) | Ok("sqlite") => Vec::new(),
        Ok("postgres") => {
            let server = POSTGRES.get();
            let url = server.url(&server.new_database());
            let store = ("KEYLEDGER_LOG__STORE".to_owned(), "postgres".to_owned());
            vec![store, ("KEYLEDGER_LOG__URL".to_owned(), url.clone()), (READ_MODELS.to_owned(), url)]
        }
        Ok("kurrentdb") => {
            let server = STAND_INS.block_on(StandIn::start());
            let store = ("KEYLEDGER_LOG__STORE".to_owned(), "kurrentdb".to_owned());
            let settings = vec![store, ("KEYLEDGER_LOG__URL".to_owned(), server.url())];
            // It serves until the run ends, as a database of the shared server does.
            std::mem::forget(server);
            settings
        }
        Ok(other) => panic!("{VARIABLE} is {other}: leave it out, or say sqlite, postgres or kurrentdb"),
    }
}
