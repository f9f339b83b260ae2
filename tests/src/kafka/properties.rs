use std::path::Path;

use super::credentials::Credentials;

/// The ports of a node, on loopback.
#[derive(Clone, Copy)]
pub(super) struct Ports {
    /// For the programs under test.
    pub(super) clients: u16,
    /// For the tests themselves, without encryption and past every proxy.
    pub(super) inside: u16,
    /// For the controller, which is in the same process.
    pub(super) controller: u16,
}

/// How the tests set Kafka apart from its defaults.
const SETTINGS: &str = "\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
inter.broker.listener.name=INSIDE
auto.create.topics.enable=false

# One node holds everything, and a start makes as little as it can.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1

# After kill -9 a node waits until its former self counts as gone, 9 s by default.
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200

# What else would be waited for: the first members of a group, the end of a transaction whose producer is gone, the next
# round of compaction, whose buffer need not be 128 MiB either.
group.initial.rebalance.delay.ms=0
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
log.cleaner.backoff.ms=100
log.cleaner.dedupe.buffer.size=4194304
";

/// All of `server.properties`. Of two lines for one setting Kafka takes the later one, so that `settings` win.
pub(super) fn properties(
    home: &Path,
    ports: Ports,
    advertised: &str,
    credentials: Option<&Credentials>,
    settings: &[(&str, &str)],
) -> String {
    let Ports { clients, inside, controller } = ports;
    let protocol = if credentials.is_some() { "SASL_SSL" } else { "PLAINTEXT" };
    let mut text = format!(
        "{SETTINGS}
log.dirs={home}/data
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=CLIENTS://127.0.0.1:{clients},INSIDE://127.0.0.1:{inside},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://{advertised},INSIDE://127.0.0.1:{inside}
listener.security.protocol.map=CLIENTS:{protocol},INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
",
        home = home.display()
    );
    if let Some(credentials) = credentials {
        text.push_str(&credentials.properties());
    }
    text.extend(settings.iter().map(|(name, value)| format!("{name}={value}\n")));
    text
}
