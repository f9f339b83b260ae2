//! A relay as one would write it first: it sends what comes, waits until Kafka has it, and then writes down how far it is.
//! The faults that keyledger's relay goes through must break it.
//!
//! `naive_relay LOG BROKERS TOPIC CHECKPOINT`

use std::{fs, sync::Arc, time::Duration};

use keyledger_event_log::{EventLog, Position, Subscription};
use keyledger_event_log_sqlite::SqliteLog;
use rdkafka::{
    ClientConfig,
    message::{Header, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer as _},
};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this is a program of its own")]
    let arguments: Vec<_> = std::env::args().collect();
    let [_, log, brokers, topic, checkpoint] = arguments.as_slice() else { anyhow::bail!("four arguments") };
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", brokers).set("acks", "all").create()?;
    let position = fs::read_to_string(checkpoint).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open_read_only(log)?);
    let mut subscription = Subscription::new(log, Position::new(position));
    loop {
        let events = subscription.next().await?;
        for event in &events {
            let position = event.position.to_string();
            let headers = OwnedHeaders::new().insert(Header { key: "ce_position", value: Some(&position) });
            let record =
                BaseRecord::to(topic).key(event.stream.as_str()).payload(&event.public).headers(headers);
            producer.send(record).map_err(|(error, _)| error)?;
        }
        producer.flush(PATIENCE)?;
        fs::write(checkpoint, subscription.position().to_string())?;
    }
}
