//! The database roles that `docs/deploy` gives to copy: each process works with the rights of its own, and with no others.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyledger_tests::{Client, Created, Registry, RoleProcess, Terminal, within};
use serde_json::json;
use tempfile::TempDir;

use crate::SERVER;

const PATIENCE: Duration = Duration::from_secs(20);
const ROLES: [&str; 5] = ["command-service", "projector", "validator", "relay", "signer"];

/// What psql is told beside SQL is left out: the driver of these tests gives it SQL alone.
fn sql_alone(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with('\\') && !line.ends_with("\\gset"));
    lines.collect::<Vec<_>>().join("\n")
}

fn grants() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy/postgres/grants.sql");
    sql_alone(&fs::read_to_string(path).expect("the grants"))
}

/// Processes on a database whose tables their owner made, each by its own role and with a keyring of its own.
struct Deployment {
    url: String,
    homes: TempDir,
    keyrings: [PathBuf; 2],
}

impl Deployment {
    fn role(&self, role: &str, more: &[(&str, &str)]) -> RoleProcess {
        // It is not there yet: what a process needs in it, it makes.
        let data = self.homes.path().join(role).join("data");
        fs::create_dir(self.homes.path().join(role)).expect("a directory");
        RoleProcess::start(role, &data, &self.settings(role, more))
    }

    fn settings(&self, role: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let by = format!("keyledger_{}@", role.replace('-', "_"));
        let url = self.url.replace("tester@", &by);
        let [whole, mac_keys] = &self.keyrings;
        let keyring = if ["projector", "relay", "signer"].contains(&role) { mac_keys } else { whole };
        let keyring = keyring.to_string_lossy();
        let common = [
            ("KEYLEDGER_LOG__STORE", "postgres"),
            ("KEYLEDGER_LOG__URL", url.as_str()),
            ("KEYLEDGER_KEYRING__PATH", keyring.as_ref()),
        ];
        let lists =
            (!["relay", "signer"].contains(&role)).then_some(("KEYLEDGER_READ_MODELS__URL", url.as_str()));
        let settings = common.iter().chain(&lists).chain(more);
        settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }
}

#[test]
fn each_process_of_the_deployment_works_with_the_rights_that_it_is_given() {
    let server = SERVER.get();
    let database = server.new_database();
    let url = server.url(&database);
    let mut registry = Registry::with(&[
        ("KEYLEDGER_LOG__STORE", "postgres"),
        ("KEYLEDGER_LOG__URL", url.as_str()),
        ("KEYLEDGER_READ_MODELS__URL", url.as_str()),
    ]);
    let operator = registry.operator_key();
    assert!(registry.stop().success(), "{}", registry.stderr());
    let names = ROLES.map(|role| format!("CREATE ROLE keyledger_{} LOGIN;", role.replace('-', "_")));
    server.run(&database, &names.concat());
    server.run(&database, &grants());
    let homes = tempfile::tempdir().expect("a directory");
    let whole = registry.data_dir().join("keyring");
    let mac_keys = homes.path().join("mac-keys");
    let split = Terminal::new(homes.path()).set("KEYLEDGER_KEYRING__PATH", &whole.to_string_lossy());
    split.run(&["keyring", "split", "--to", &mac_keys.to_string_lossy()]).exited(0);

    let deployment = Deployment { url, homes, keyrings: [whole, mac_keys] };
    let mut projector = deployment.role("projector", &[]);
    let mut commands = deployment.role("command-service", &[]);
    let mut validator = deployment.role("validator", &[]);
    // Nobody is there: it goes on asking.
    let mut relay = deployment.role("relay", &[("KEYLEDGER_KAFKA__BROKERS", "127.0.0.1:9")]);
    let mut signer = deployment.role("signer", &[]);
    for process in [&mut projector, &mut commands, &mut validator, &mut signer] {
        process.expect_live();
    }
    let waits = within(PATIENCE, || relay.readiness().filter(|answer| answer.status == 503));
    assert!(waits.is_some() && relay.ended().is_none(), "{}", relay.said());

    let management: Client = commands.address("command").expect("it listens").with_key(&operator);
    let body = json!({ "name": "deployed", "scopes": ["client:read"] });
    let created = management.post("/v1/partners/acme/keys", &body).send().expecting(201);
    let key = Created::from_answer(&created);
    let asked =
        || validator.validator().expect("it listens").get("/v1/health").key(&key.secret).send().status;
    within(PATIENCE, || (asked() == 200).then_some(())).expect("the key is accepted");
    management.post(&key.at("revoke"), &json!({})).send().expecting(200);
    within(PATIENCE, || (asked() == 403).then_some(())).expect("the key is refused");
    management.get(&key.path()).send().expecting(200);

    // The portal, too, and the command line beside it.
    let home = deployment.homes.path().join("command-service");
    let terminal = deployment.settings("command-service", &[]).into_iter().fold(
        Terminal::new(&home).set("KEYLEDGER_SERVER__DATA_DIR", &home.join("data").to_string_lossy()),
        |terminal, (name, value)| terminal.set(&name, &value),
    );
    let code = terminal.run(&["users", "setup-code", "--json"]).exited(0).json();
    let code = code["setupCode"].as_str().expect("a code");
    let form = format!("code={code}&username=grace&password=a+few+words+are+fine");
    let setup = commands.address("command").expect("it listens").call("POST", "/setup");
    let setup = setup.header("origin", management.base());
    setup.body("application/x-www-form-urlencoded", form.as_bytes()).send().expecting(303);
    let people = terminal.run(&["users", "list", "--json"]).exited(0).json();
    assert_eq!(people[0]["username"], "grace", "{people}");

    validator.signal("TERM");
    let ended = within(PATIENCE, || validator.ended()).expect("it ends");
    assert!(ended.success() && !validator.said().contains("cannot be written"), "{}", validator.said());
    let used = server.run(&database, "SELECT prefix FROM keyledger_last_used.last_used");
    assert_eq!(used, key.prefix, "the use was written down");
}
