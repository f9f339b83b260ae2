//! Relays are killed, stopped and rivalled, brokers are killed, transactions are given up, and commands never pause: what a
//! careful consumer is shown is the log all the same, each position once and in order.

mod load;
mod naive;
mod shown;

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use keyledger_tests::{
    Broker, Dice, Registry, RoleProcess, client_file, committed, second_machine, soak, transaction_is_open,
    uncommitted, within,
};
use load::Load;

/// How long everything may take to calm down.
const CALM: Duration = Duration::from_secs(90);

/// A relay whose transaction is not ended by then is given up by the brokers: far shorter than in the field, so that it
/// happens.
const TRANSACTION_TIMEOUT: &str = "2000";

/// Where everything that happens is published.
const TOPIC: &str = "keyledger.key-events.v1";

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// kill -9 of the relay.
    Kill,
    /// kill -9 of the broker.
    BrokerKill,
    /// Two relays at once: one is stopped, another takes over, the first goes on.
    Rival,
    /// The brokers give up a transaction of a relay that sleeps.
    GivenUp,
}

/// How often each goes wrong.
struct Plan {
    kills: usize,
    broker_kills: usize,
    rivals: usize,
    given_up: usize,
}

impl Plan {
    /// The faults in an order that the dice choose.
    fn shuffled(&self, dice: &mut Dice) -> Vec<Fault> {
        let of = |fault, number| std::iter::repeat_n(fault, number);
        let mut faults: Vec<_> = of(Fault::Kill, self.kills)
            .chain(of(Fault::BrokerKill, self.broker_kills))
            .chain(of(Fault::Rival, self.rivals))
            .chain(of(Fault::GivenUp, self.given_up))
            .collect();
        for last in (1..faults.len()).rev() {
            let other = usize::try_from(dice.below(last as u64 + 1)).expect("an index");
            faults.swap(last, other);
        }
        faults
    }
}

/// A registry under load, a broker, and a relay between them.
struct Scene {
    registry: Registry,
    broker: Broker,
    /// The directories of two machines that see one log; the relay runs on the first.
    machines: [PathBuf; 2],
    settings: Vec<(String, String)>,
    relay: RoleProcess,
    given_up: usize,
}

impl Scene {
    fn new() -> Self {
        let registry = Registry::start();
        let broker = Broker::start();
        let file = client_file(registry.home(), &[("transaction.timeout.ms", TRANSACTION_TIMEOUT)]);
        let setting = |name: &str, value: &str| (format!("KEYLEDGER_KAFKA__{name}"), value.to_owned());
        let keyring = registry.data_dir().join("keyring").to_string_lossy().into_owned();
        let settings = vec![
            setting("BROKERS", &broker.address()),
            setting("PARTITIONS", "3"),
            setting("CLIENT_FILE", &file.to_string_lossy()),
            ("KEYLEDGER_KEYRING__PATH".to_owned(), keyring),
        ];
        let machines = [registry.data_dir(), second_machine(&registry.data_dir(), "second")];
        let relay = RoleProcess::start("relay", &machines[0], &settings);
        Self { registry, broker, machines, settings, relay, given_up: 0 }
    }

    fn suffer(&mut self, fault: Fault, dice: &mut Dice) {
        match fault {
            Fault::Kill => {
                // Half of them die while they start, the others while they publish.
                if dice.chance(50) {
                    self.relay.expect_live();
                }
                thread::sleep(Duration::from_millis(dice.below(700)));
                self.relay.kill();
                self.relay = RoleProcess::start("relay", &self.machines[0], &self.settings);
            }
            Fault::BrokerKill => {
                thread::sleep(Duration::from_millis(dice.below(500)));
                self.broker.kill();
                thread::sleep(Duration::from_millis(dice.below(1_000)));
                self.broker.restart();
            }
            Fault::Rival => self.rival(dice),
            Fault::GivenUp => self.let_a_transaction_be_given_up(dice),
        }
    }

    fn rival(&mut self, dice: &mut Dice) {
        self.relay.expect_live();
        thread::sleep(Duration::from_millis(dice.below(300)));
        self.relay.signal("STOP");
        let mut rival = RoleProcess::start("relay", &self.machines[1], &self.settings);
        rival.expect_live();
        self.relay.signal("CONT");
        self.relay.expect_end(&["another relay", "has taken over keyledger.*"]);
        self.relay = rival;
        self.machines.swap(0, 1);
    }

    /// Stops the relay until the brokers have given its transaction up, if it had one, and wakes it: it must go on by itself.
    fn let_a_transaction_be_given_up(&mut self, dice: &mut Dice) {
        const TAKEOVERS: &str = "keyledger_kafka_relay_takeovers_total";
        let given_up = (0..200).any(|_| {
            self.relay.expect_live();
            thread::sleep(Duration::from_millis(dice.below(300)));
            let before = self.relay.metric(TAKEOVERS).expect("it has started");
            self.relay.signal("STOP");
            // What it had asked for, the brokers do; only what is open after that can be given up.
            thread::sleep(Duration::from_millis(100));
            let open = transaction_is_open(&self.broker, TOPIC);
            if open {
                thread::sleep(Duration::from_millis(3_000));
            }
            self.relay.signal("CONT");
            if !open {
                return false;
            }
            thread::sleep(Duration::from_millis(500));
            self.relay.expect_live();
            self.relay.metric(TAKEOVERS).expect("it goes on") > before
        });
        assert!(given_up, "no transaction was ever open when the relay was stopped");
        self.given_up += 1;
    }

    /// Waits until everything that was recorded is published.
    fn calm_down(&mut self) -> u64 {
        let head = self.registry.operator().get("/v1/scopes").send().expecting(200).position();
        let published = within(CALM, || {
            assert!(self.relay.ended().is_none(), "the relay has ended: {}", self.relay.said());
            let roles = self.relay.readiness()?.json();
            (roles["roles"][0]["position"].as_u64()? >= head).then_some(())
        });
        assert!(
            published.is_some(),
            "it does not catch up: {:?}\n{}",
            self.relay.readiness().map(|it| it.text()),
            self.relay.said()
        );
        head
    }
}

#[test]
fn whatever_is_killed_stopped_or_given_up_a_careful_consumer_sees_each_position_once_and_in_order() {
    let mut dice = Dice::thrown_for("relay faults");
    // A long run is several at once, since most of each is waiting: in all 1,000 kills and 100 of each other kind.
    let (scenes, plan) = if soak() {
        (4, Plan { kills: 250, broker_kills: 25, rivals: 25, given_up: 25 })
    } else {
        (1, Plan { kills: 12, broker_kills: 2, rivals: 2, given_up: 2 })
    };
    thread::scope(|scope| {
        for number in 0..scenes {
            let (plan, dice) = (&plan, dice.another());
            scope.spawn(move || play(number, plan, dice));
        }
    });
}

/// Lets everything of a plan go wrong, and looks at what arrived.
fn play(number: usize, plan: &Plan, mut dice: Dice) {
    let mut scene = Scene::new();
    let load = Load::on(&scene.registry, &mut dice);
    let begun = Instant::now();
    for (done, fault) in plan.shuffled(&mut dice).into_iter().enumerate() {
        scene.suffer(fault, &mut dice);
        if (done + 1).is_multiple_of(50) {
            println!("scene {number}: {} faults after {:?}", done + 1, begun.elapsed());
        }
    }
    let commands = load.stop();
    let head = scene.calm_down();
    println!(
        "scene {number}: {} kills, {} broker kills, {} rivals, {} given up in {:?}; {commands} commands, {head} events",
        plan.kills,
        plan.broker_kills,
        plan.rivals,
        scene.given_up,
        begun.elapsed()
    );

    let topic = TOPIC;
    let records = committed(&scene.broker, topic);
    assert_eq!(shown::faults(&records, head), [""; 0]);
    assert!(records.iter().any(|record| record.partition > 0), "everything is in one partition");
    let begun_in_vain = uncommitted(&scene.broker, topic).len() - records.len();
    println!("scene {number}: {begun_in_vain} records were begun and never committed");
    assert!(begun_in_vain > 0, "no transaction was ever aborted: the faults came too gently");

    let brokers = scene.broker.address();
    let terminal = scene.registry.terminal();
    let terminal = terminal.set("KEYLEDGER_KAFKA__BROKERS", &brokers).set("KEYLEDGER_KAFKA__PARTITIONS", "3");
    let verified = terminal.run(&["kafka", "verify", "--json"]);
    if verified.code != Some(0) {
        let evidence = scene.broker.keep_evidence();
        println!("scene {number}: what Kafka says of its topics is kept in {}", evidence.display());
    }
    let verified = verified.exited(0).json();
    assert_eq!((&verified["upTo"], &verified["events"]), (&head.into(), &head.into()), "{verified}");
    assert_eq!(verified["faults"], 0, "{verified}");
}
