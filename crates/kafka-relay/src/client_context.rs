use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
    message::DeliveryResult,
    producer::ProducerContext,
};

/// What a client of Kafka says by the way: its lines go to our logs, and what it last complained of is kept, since that
/// is often the reason why something else takes so long.
#[derive(Default)]
pub(crate) struct Context {
    complaint: Mutex<Option<String>>,
}

impl Context {
    /// What the client last complained of.
    pub(crate) fn complaint(&self) -> Option<String> {
        self.held().clone()
    }

    /// What it complained of is over.
    pub(crate) fn forget_complaint(&self) {
        *self.held() = None;
    }

    fn held(&self) -> MutexGuard<'_, Option<String>> {
        // A text is replaced as a whole, so a panic elsewhere cannot leave half of one.
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Context {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, line: &str) {
        // Its errors are none of ours: it tells each attempt to connect, and what keeps us from publishing is told once, by
        // whoever publishes.
        tracing::debug!(target: "librdkafka", facility, "{line}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // That a partition has an end is what we asked for.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        tracing::debug!(target: "librdkafka", %error, "{reason}");
        let mut complaint = self.held();
        // That all brokers are down follows from what was said of each, which says why.
        if complaint.is_none() || error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *complaint = Some(reason.to_owned());
        }
    }
}

impl ConsumerContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    /// A record that was not taken fails its transaction, so nobody has to look at each.
    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}
