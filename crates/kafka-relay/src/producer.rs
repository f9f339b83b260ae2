use std::time::Duration;

use rdkafka::{
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer as _},
};

use crate::{
    Cluster, Topics,
    checkpoint::CheckpointRecord,
    client_context::Context,
    record::Record,
    stop_reason::{Trouble, of_producer},
};

/// How long one call may block: whoever wants the relay to end does not wait for longer.
const STEP: Duration = Duration::from_millis(500);

/// How long is slept between two questions whether every record was taken.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(1);

/// How many messages of the client are taken in between two questions.
const MESSAGES: usize = 100;

/// How long the client gets before it is asked for news.
const NEWS: Duration = Duration::from_millis(5);

/// How many records are handed over between two looks at what became of earlier ones.
const BETWEEN_LOOKS: usize = 1_000;

/// The one writer of the topics. It is used until something goes wrong, and then let go: what became of an open
/// transaction, the next one finds out when it takes the transactional id over.
pub(crate) struct Producer {
    client: BaseProducer<Context>,
    topics: Topics,
    sent: usize,
}

/// Whether something is done, or to be asked for again.
pub(crate) enum Step {
    /// It is done.
    Done,
    /// Kafka has not answered yet; what the client complains of meanwhile.
    NotYet(Option<String>),
}

impl Producer {
    /// A writer that has yet to take the transactional id over.
    pub(crate) fn new(cluster: &Cluster) -> Result<Self, Trouble> {
        let client = cluster.producer().create_with_context(Context::default()).map_err(of_producer)?;
        Ok(Self { client, topics: cluster.topics().clone(), sent: 0 })
    }

    /// Takes the transactional id over: whoever held it before can write no more, and what it had begun is ended, one way
    /// or the other, before this is done.
    pub(crate) fn take_over(&self) -> Result<Step, Trouble> {
        self.step(|client| client.init_transactions(STEP))
    }

    /// Begins a transaction.
    pub(crate) fn begin(&mut self) -> Result<(), Trouble> {
        self.client.begin_transaction().map_err(of_producer)
    }

    /// Hands a record of what happened over. Where there is no room, it has to be handed over again.
    pub(crate) fn key_event(&mut self, record: &Record) -> Result<Step, Trouble> {
        self.send(Topics::key_events, record)
    }

    /// Hands a record of what a key is over, as [`Producer::key_event`].
    pub(crate) fn key(&mut self, record: &Record) -> Result<Step, Trouble> {
        self.send(Topics::keys, record)
    }

    /// Hands a record of the checkpoint topic over, as [`Producer::key_event`].
    pub(crate) fn checkpoint(&mut self, record: &CheckpointRecord) -> Result<Step, Trouble> {
        let record = Record { key: record.key().to_owned(), headers: Vec::new(), value: record.to_bytes() };
        self.send(Topics::checkpoint, &record)
    }

    /// Hands a record that tells one partition of events that the log was restored over, as [`Producer::key_event`].
    pub(crate) fn restored(&mut self, partition: i32, record: &Record) -> Result<Step, Trouble> {
        self.send_to(Topics::key_events, record, Some(partition), true)
    }

    /// Takes a key out of the compacted topic, as [`Producer::key_event`].
    pub(crate) fn key_gone(&mut self, record: &Record) -> Result<Step, Trouble> {
        self.send_to(Topics::keys, record, None, false)
    }

    fn send(&mut self, topic: fn(&Topics) -> &str, record: &Record) -> Result<Step, Trouble> {
        self.send_to(topic, record, None, true)
    }

    fn send_to(
        &mut self,
        topic: fn(&Topics) -> &str,
        record: &Record,
        partition: Option<i32>,
        with_value: bool,
    ) -> Result<Step, Trouble> {
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for (key, value) in &record.headers {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let mut sent: BaseRecord<'_, String, Vec<u8>> =
            BaseRecord::to(topic(&self.topics)).key(&record.key).headers(headers);
        if with_value {
            sent = sent.payload(&record.value);
        }
        if let Some(partition) = partition {
            sent = sent.partition(partition);
        }
        match self.client.send(sent) {
            Ok(()) => {
                self.sent += 1;
                if self.sent.is_multiple_of(BETWEEN_LOOKS) {
                    self.client.poll(Duration::ZERO);
                }
                Ok(Step::Done)
            }
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(self.not_yet()),
            Err((error, _)) => Err(of_producer(error)),
        }
    }

    /// Commits what was handed over since [`Producer::begin`].
    pub(crate) fn commit(&self) -> Result<Step, Trouble> {
        let deadline = tokio::time::Instant::now() + STEP;
        // Says that nothing more comes: what is there need not linger. That it is not done at once is no news.
        let _ = self.client.flush(BETWEEN_QUESTIONS);
        // The client's own waits spin for their last millisecond, and would keep a core from whoever answers commands.
        while self.client.in_flight_count() > 0 {
            if tokio::time::Instant::now() >= deadline {
                return Ok(self.not_yet());
            }
            // Each takes one message of the client in, and while the log was quiet nobody took any.
            (0..MESSAGES).for_each(|_| self.client.poll(Duration::ZERO));
            std::thread::sleep(BETWEEN_QUESTIONS);
        }
        self.step(|client| client.commit_transaction(STEP))
    }

    /// Kafka has not answered; what the client says of it meanwhile is taken in.
    fn not_yet(&self) -> Step {
        std::thread::sleep(NEWS);
        self.client.poll(Duration::ZERO);
        Step::NotYet(self.client.context().complaint())
    }

    fn step(&self, call: impl FnOnce(&BaseProducer<Context>) -> KafkaResult<()>) -> Result<Step, Trouble> {
        match call(&self.client) {
            Ok(()) => {
                self.client.context().forget_complaint();
                Ok(Step::Done)
            }
            Err(KafkaError::Transaction(error)) if error.is_retriable() => Ok(self.not_yet()),
            Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)) => Ok(self.not_yet()),
            Err(error) => Err(of_producer(error)),
        }
    }
}
