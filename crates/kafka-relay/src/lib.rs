//! Publishes the log to Kafka: each event once, in order, without secrets.
