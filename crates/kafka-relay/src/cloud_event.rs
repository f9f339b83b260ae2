use keyledger_domain::{
    KeyId, PartnerId,
    envelope::Stream,
    event::{Body, KeyEvent},
    key::Key,
};
use keyledger_event_log::LogIdentity;
use keyledger_projectors::CheckedEvent;

/// One attribute of a CloudEvent, as a header of a Kafka record.
pub(crate) type Attribute = (&'static str, String);

/// What an event is about: its `ce_subject`, and the key of its record, so that what is about one key keeps its order.
pub(crate) fn subject(stream: Stream) -> String {
    match stream {
        Stream::Key(KeyId(key_id)) => key_id.hyphenated().to_string(),
        Stream::Catalogue => "catalogue".to_owned(),
    }
}

/// The headers of the record that tells what happened (CloudEvents 1.0, Kafka protocol binding, binary mode).
pub(crate) fn of_event(
    log: LogIdentity,
    event: &CheckedEvent,
    partner: Option<&PartnerId>,
) -> Vec<Attribute> {
    let (name, version) = (published_name(&event.event.body), event.event.schema_version);
    let (kind, schema) =
        (format!("keyledger.{name}.v{version}"), format!("urn:keyledger:event:{name}:v{version}"));
    attributes(log, event, event.event.id.to_string(), kind, schema, partner)
}

/// The headers of the record that tells what the key is after an event.
pub(crate) fn of_facts(log: LogIdentity, event: &CheckedEvent, key: &Key) -> Vec<Attribute> {
    let version = Key::FACTS_SCHEMA_VERSION;
    let (kind, schema) = (format!("keyledger.Key.v{version}"), format!("urn:keyledger:key:v{version}"));
    // An id of its own, since it is another message of the same source: what the key is after this event.
    let id = format!("{}:key", event.event.id);
    attributes(log, event, id, kind, schema, Some(&key.partner_id))
}

fn attributes(
    log: LogIdentity,
    event: &CheckedEvent,
    id: String,
    kind: String,
    schema: String,
    partner: Option<&PartnerId>,
) -> Vec<Attribute> {
    let CheckedEvent { position, event, .. } = event;
    let mut attributes = Vec::with_capacity(11);
    attributes.extend([
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", id),
        (SOURCE, source(log)),
        ("ce_type", kind),
        ("ce_subject", subject(event.stream)),
        ("ce_time", event.occurred_at.to_string()),
        ("ce_dataschema", schema),
        ("content-type", "application/json".to_owned()),
        (POSITION, position.to_string()),
        (EPOCH, event.epoch.to_string()),
    ]);
    attributes.extend(partner.map(|partner| ("ce_partner", partner.to_string())));
    attributes
}

/// The header that names the log.
pub(crate) const SOURCE: &str = "ce_source";
/// The header that holds the position in it.
pub(crate) const POSITION: &str = "ce_position";
/// The header that holds the life of the log in which the event was written.
pub(crate) const EPOCH: &str = "ce_epoch";

/// The name of a log among the sources of events.
pub(crate) fn source(log: LogIdentity) -> String {
    format!("urn:keyledger:log:{}", log.log)
}

/// What an event is called outside. Whoever adds an event to the domain decides here that it leaves the registry, and
/// under which name, which then is kept for ever.
fn published_name(body: &Body) -> &str {
    match body {
        Body::Key(KeyEvent::Created(_)) => "KeyCreated",
        Body::Key(KeyEvent::Regenerated(_)) => "KeyRegenerated",
        Body::Key(KeyEvent::Revoked(_)) => "KeyRevoked",
        Body::Key(KeyEvent::OverlapEnded(_)) => "KeyOverlapEnded",
        Body::Key(KeyEvent::ScopesChanged(_)) => "KeyScopesChanged",
        Body::Key(KeyEvent::ThrottleChanged(_)) => "KeyThrottleChanged",
        Body::Key(KeyEvent::Renamed(_)) => "KeyRenamed",
        Body::Key(KeyEvent::ExpirationChanged(_)) => "KeyExpirationChanged",
        Body::Catalogue(_) => "ScopeCatalogueChanged",
        // A later release wrote it. Its public part is public all the same, and leaving it out would be a gap.
        Body::Unreadable(unreadable) => &unreadable.event_type,
    }
}
