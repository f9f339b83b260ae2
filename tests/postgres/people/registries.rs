//! Registries whose people are in a database: two command services that share them, the bad day, and people who move there.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::time::Duration;

use keyledger_tests::{Answer, Client, Launch, Postgres, Registry, Terminal, within};
use serde_json::Value;
use tempfile::TempDir;

use crate::SERVER;

const NEWS: Duration = Duration::from_secs(20);

fn new_url() -> String {
    let server = SERVER.get();
    server.url(&server.new_database())
}

fn all_in(url: &str) -> [(&'static str, &str); 3] {
    [("KEYLEDGER_LOG__STORE", "postgres"), ("KEYLEDGER_LOG__URL", url), ("KEYLEDGER_READ_MODELS__URL", url)]
}

/// The home of another machine, to which somebody brought the keyring.
fn home_with_keyring_of(registry: &Registry) -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let data = home.path().join("data");
    DirBuilder::new().mode(0o700).create(&data).expect("a directory");
    fs::copy(registry.data_dir().join("keyring"), data.join("keyring")).expect("a copy");
    home
}

fn terminal_of(registry: &Registry, settings: &[(&str, &str)]) -> Terminal {
    settings.iter().fold(registry.terminal(), |terminal, (name, value)| terminal.set(name, value))
}

/// Gives somebody an account; their password.
fn add(terminal: &Terminal, username: &str, of: &[&str]) -> String {
    let added = terminal.run(&[&["users", "add", username, "--json"], of].concat()).exited(0).json();
    added["password"].as_str().expect("a password").to_owned()
}

fn usernames(terminal: &Terminal) -> Vec<String> {
    let people = terminal.run(&["users", "list", "--json"]).exited(0).json();
    let people = people.as_array().expect("a list").iter();
    people.map(|person| person["username"].as_str().expect("a name").to_owned()).collect()
}

/// The pages of a registry, as a browser asks for them.
fn pages(registry: &Registry) -> Client {
    Client::new(&registry.addresses().command, None)
}

fn post(pages: &Client, path: &str, form: &str, cookie: &str) -> Answer {
    let call = pages.call("POST", path).header("origin", pages.base()).header("cookie", cookie);
    call.body("application/x-www-form-urlencoded", form.as_bytes()).send()
}

/// Signs somebody in; the cookie of their session.
fn sign_in(pages: &Client, username: &str, password: &str) -> String {
    let answer = post(pages, "/sign-in", &format!("username={username}&password={password}"), "");
    let cookie = answer.expecting(303).header("set-cookie").to_owned();
    cookie.split(';').next().expect("a cookie").to_owned()
}

/// Where a page leads whoever shows this cookie, or what it says.
fn opened(pages: &Client, cookie: &str) -> (u16, String) {
    let answer = pages.get("/partners/acme/developer").header("cookie", cookie).send();
    let led = if answer.status == 303 { answer.header("location").to_owned() } else { answer.text() };
    (answer.status, led)
}

#[test]
fn somebody_who_signs_in_at_one_command_service_is_signed_in_at_the_other_and_out_at_both() {
    let url = new_url();
    let first = Registry::with(&all_in(&url));
    let second = Registry::in_home(home_with_keyring_of(&first), &all_in(&url));
    let (here, there) = (pages(&first), pages(&second));
    let password = add(&terminal_of(&first, &all_in(&url)), "ada", &["--partner", "acme", "--role", "admin"]);
    let cookie = sign_in(&here, "ada", &password);
    for pages in [&here, &there] {
        let (status, page) = opened(pages, &cookie);
        assert!(status == 200 && page.contains("ada"), "{status}: {page}");
    }
    // Signed out at the other one.
    let (_, page) = opened(&there, &cookie);
    let token = page.split("name=\"token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let token = token.expect("a form's token");
    assert_eq!(post(&there, "/sign-out", &format!("token={token}"), &cookie).status, 303);
    for pages in [&here, &there] {
        assert_eq!(opened(pages, &cookie), (303, "/sign-in".to_owned()));
    }
    // By the command line beside one of them, at the other.
    let cookie = sign_in(&there, "ada", &password);
    assert_eq!(opened(&here, &cookie).0, 200);
    terminal_of(&second, &all_in(&url)).run(&["users", "disable", "ada"]).exited(0);
    for pages in [&here, &there] {
        assert_eq!(opened(pages, &cookie), (303, "/sign-in".to_owned()));
    }
    assert!(!first.data_dir().join("portal.db").exists() && !second.data_dir().join("portal.db").exists());
}

#[test]
fn of_two_first_starts_at_once_one_prints_a_code_and_it_is_good_at_either() {
    let url = new_url();
    let first = Registry::with(&all_in(&url));
    // Nobody has an account; the code of the first start is good for a while.
    let homes = [home_with_keyring_of(&first), home_with_keyring_of(&first)];
    SERVER.get().run(url.rsplit('/').next().expect("a name"), "DELETE FROM keyledger_portal.setup_code");
    let mut both = homes.each_ref().map(|home| Launch::on(home.path(), &all_in(&url)));
    both.iter_mut().for_each(Launch::expect_ready);
    let codes = within(NEWS, || {
        let said = both.each_ref().map(Launch::said);
        let lines = said.each_ref().map(|said| {
            said.lines().find_map(|line| {
                serde_json::from_str::<Value>(line).ok().filter(|line| line["ready"] == true)
            })
        });
        let [Some(one), Some(other)] = lines else { return None };
        Some([one, other].map(|line| line["setupCode"].as_str().map(str::to_owned)))
    });
    let codes = codes.expect("both say where they are");
    let [code] = &codes.iter().flatten().collect::<Vec<_>>()[..] else { panic!("{codes:?}") };
    let drew = usize::from(codes[0].is_none());
    let other = Client::new(&both[1 - drew].addresses().command, None);
    let form = |name: &str| format!("code={code}&username={name}&password=a+few+words+are+fine");
    let made = post(&other, "/setup", &form("grace"), "").expecting(303);
    assert!(made.header("set-cookie").contains("keyledger"), "signed in at once");
    let again = post(&pages(&first), "/setup", &form("mallory"), "");
    assert!(again.status == 422 && again.text().contains("This is not the code"), "{}", again.text());
    assert_eq!(usernames(&terminal_of(&first, &all_in(&url))), ["grace"]);
}

#[test]
fn pages_say_that_the_database_is_away_and_whoever_was_signed_in_still_is_when_it_is_back() {
    let mut server = Postgres::start();
    let url = server.url("postgres");
    let settings = [("KEYLEDGER_LOG__STORE", "sqlite"), ("KEYLEDGER_READ_MODELS__URL", url.as_str())];
    let registry = Registry::with(&settings);
    let terminal = terminal_of(&registry, &settings);
    let password = add(&terminal, "ada", &["--partner", "acme", "--role", "admin"]);
    let pages = pages(&registry);
    let cookie = sign_in(&pages, "ada", &password);
    server.end_at_once();
    let (status, page) = opened(&pages, &cookie);
    assert!(status == 503 && page.contains("The registry cannot answer at this moment"), "{status}: {page}");
    let refused = post(&pages, "/sign-in", &format!("username=ada&password={password}"), "");
    assert!(refused.status == 503 && !refused.text().contains(&password), "{}", refused.text());
    let told = terminal.run(&["users", "list"]).exited(1);
    assert!(told.error_line().contains("cannot be used"), "{}", told.stderr);
    server.begin();
    let back = within(NEWS, || (opened(&pages, &cookie).0 == 200).then_some(()));
    assert!(back.is_some(), "they do not come back: {}", registry.stderr());
}

#[test]
fn a_registry_that_gets_a_database_does_not_forget_the_people_of_its_file() {
    let url = new_url();
    let mut registry = Registry::with_models_in_files();
    let password = add(&registry.terminal(), "ada", &["--partner", "acme", "--role", "admin"]);
    add(&registry.terminal(), "grace", &["--operator"]);
    registry.terminal().run(&["users", "disable", "grace"]).exited(0);
    let changes = registry.terminal().run(&["users", "changes", "--json"]).exited(0).json();
    let settings = [("KEYLEDGER_READ_MODELS__URL", url.as_str())];
    let terminal = terminal_of(&registry, &settings);
    let served = terminal.run(&["users", "move"]).exited(1);
    assert!(served.error_line().contains("stop it first"), "{}", served.stderr);
    registry.stop();

    let refused = terminal.run(&["users", "list"]).exited(1);
    assert!(refused.error_line().contains("`keyledger users move` takes them there"), "{}", refused.stderr);
    let home = registry.home().to_owned();
    Launch::on(&home, &settings).expect_refusal(&["portal.db holds the people", "keyledger users move"]);
    let unset = registry.terminal().run(&["users", "move"]).exited(1);
    assert!(unset.error_line().contains("read_models.url, which is not set"), "{}", unset.stderr);

    let told = terminal.run(&["users", "move", "--json"]).exited(0).json();
    assert_eq!(told["moved"], 2, "{told}");
    assert!(!registry.data_dir().join("portal.db").exists());
    assert!(registry.data_dir().join("portal.db.moved").exists());
    assert_eq!(terminal.run(&["users", "changes", "--json"]).exited(0).json(), changes);
    registry.restart_with(&settings);
    let pages = pages(&registry);
    assert_eq!(opened(&pages, &sign_in(&pages, "ada", &password)).0, 200, "with the password that she had");
    let nothing = terminal.run(&["users", "move"]).exited(1);
    assert!(nothing.error_line().contains("stop it first"), "{}", nothing.stderr);
    registry.stop();

    // Killed behind the copy, it goes on; and people of another machine are not mixed in.
    let (file, aside) = (registry.data_dir().join("portal.db"), registry.data_dir().join("portal.db.moved"));
    fs::rename(&aside, &file).expect("as if it had not got so far");
    assert_eq!(terminal.run(&["users", "move", "--json"]).exited(0).json()["moved"], 0);
    fs::remove_file(&aside).expect("put away");
    add(&registry.terminal(), "mallory", &["--operator"]);
    let refused = terminal.run(&["users", "move"]).exited(1);
    assert!(refused.error_line().contains("people are not mixed"), "{}", refused.stderr);
    assert!(file.exists(), "the file is left as it is");
    fs::remove_file(&file).expect("put away");
    assert_eq!(usernames(&terminal), ["ada", "grace"]);
}

#[test]
fn a_backup_holds_the_people_of_a_database_and_a_restore_puts_them_back_where_nobody_is() {
    let server = SERVER.get();
    let (database, url) = {
        let database = server.new_database();
        (database.clone(), server.url(&database))
    };
    let mut registry = Registry::with(&all_in(&url));
    let terminal = terminal_of(&registry, &all_in(&url));
    let password = add(&terminal, "ada", &["--partner", "acme", "--role", "admin"]);
    let cookie = sign_in(&pages(&registry), "ada", &password);
    for _ in 0..2 {
        let told = terminal.run(&["backup", "--to", "backup", "--json"]).exited(0).json();
        assert_eq!(told["people"], true, "{told}");
    }
    let mut files: Vec<_> = fs::read_dir(registry.home().join("backup")).expect("a directory").collect();
    assert_eq!(files.drain(..).flatten().count(), 3, "nothing unfinished stays");
    registry.stop();
    let restore = |registry: &mut Registry| {
        server.run(
            &database,
            "DROP TABLE events, claims, head, identity, log_migrations; DROP SCHEMA keyledger_lists CASCADE",
        );
        terminal.run(&["restore", "--from", "backup", "--without-revocations"]).exited(0);
        registry.restart();
        let names = usernames(&terminal);
        registry.stop();
        names
    };
    // Who is still there is newer than the backup.
    add(&terminal, "grace", &["--operator"]);
    assert_eq!(restore(&mut registry), ["ada", "grace"]);
    server.run(&database, "DROP SCHEMA keyledger_portal CASCADE");
    assert_eq!(restore(&mut registry), ["ada"]);
    registry.restart();
    let pages = pages(&registry);
    assert_eq!(opened(&pages, &cookie).0, 303, "nobody is signed in by a backup");
    assert_eq!(opened(&pages, &sign_in(&pages, "ada", &password)).0, 200);
    let left: Vec<_> = fs::read_dir(registry.data_dir()).expect("a directory").flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().contains("portal")), "{left:?}");
}
