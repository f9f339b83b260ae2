use std::{borrow::Cow, sync::Arc};

use keyledger_domain::{
    Authority, KeyId, PartnerId,
    envelope::{Event, Stream},
    event::{Body, KeyEvent},
};
use keyledger_event_log::{Position, PositionOrder, ReadError, RecordedEvent, Revision, Subscription};
use serde::Deserialize;

use crate::{CommandService, Failure, ports::Principal};

/// An event as it is shown: its place, and its public part byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownEvent {
    /// Its place in the log.
    pub position: Position,
    /// JSON.
    pub public: Vec<u8>,
}

impl From<RecordedEvent> for ShownEvent {
    fn from(recorded: RecordedEvent) -> Self {
        Self { position: recorded.position, public: recorded.public }
    }
}

/// Which events somebody wants to see; none: all.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventFilter {
    pub(crate) partner: Option<PartnerId>,
    pub(crate) key: Option<KeyId>,
    pub(crate) event_type: Option<String>,
}

/// Reads the events of all partners from a position on, as long as its reader may.
pub(crate) struct EventReader {
    service: CommandService,
    way: Way,
    filter: EventFilter,
    reader: Principal,
    /// Where the log ended when the reading began.
    head: Position,
}

/// How events come.
enum Way {
    /// From the log, one after the other.
    Log(Subscription),
    /// All at once from the one stream that can hold what is asked for: a key has few events, and a log has many.
    Stream(Stream, Position),
}

/// What reading on brought.
pub(crate) enum Read {
    /// Events, none where none of those that came were asked for, or none came for a while.
    Events(Vec<ShownEvent>),
    /// The reader lost the right to read on.
    NoLonger,
}

impl CommandService {
    /// Whether events can be read from behind a position. Where positions have no gaps, from behind any; in a store where
    /// they are places in its files, only from behind one that it told.
    pub(crate) async fn is_a_place(&self, after: Position) -> Result<bool, Failure> {
        if after == Position::START || self.log().order() == PositionOrder::Dense {
            return Ok(true);
        }
        match self.log().read(after, 1).await {
            Ok(_) => Ok(true),
            Err(ReadError::Damaged(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl EventReader {
    /// Begins after a position, which [is a place](CommandService::is_a_place). Who reads `live` is told what comes; others
    /// what there is.
    pub(crate) async fn new(
        service: CommandService,
        reader: Principal,
        after: Position,
        filter: EventFilter,
        live: bool,
    ) -> Result<Self, Failure> {
        let head = service.log().head().await?;
        let way = match filter.stream() {
            Some(stream) if !live => Way::Stream(stream, after),
            _ => Way::Log(Subscription::new(Arc::clone(service.log()), after)),
        };
        Ok(Self { service, way, filter, reader, head })
    }

    /// Where the log ended when the reading began.
    pub(crate) fn head(&self) -> Position {
        self.head
    }

    /// Up to where it has read.
    pub(crate) fn position(&self) -> Position {
        match &self.way {
            Way::Log(subscription) => subscription.position(),
            Way::Stream(_, position) => *position,
        }
    }

    /// What comes next; returns within half a second also where nothing does.
    pub(crate) async fn next(&mut self) -> Result<Read, Failure> {
        let mut shown = Vec::new();
        for (recorded, event) in self.read_on().await? {
            if recorded.position > self.head && self.takes_the_right(&event) {
                return Ok(Read::NoLonger);
            }
            if self.filter.wants(&recorded, &event) {
                shown.push(ShownEvent::from(recorded));
            }
        }
        Ok(Read::Events(shown))
    }

    async fn read_on(&mut self) -> Result<Vec<(RecordedEvent, Event)>, Failure> {
        match &mut self.way {
            Way::Log(subscription) => {
                let batch = subscription.next().await?;
                let keys = self.service.parts().keyring.mac_keys();
                let opened = batch.into_iter().map(|recorded| {
                    let event = self.service.open(&recorded, &keys)?;
                    Ok((recorded, event))
                });
                opened.collect()
            }
            Way::Stream(stream, position) => {
                let after = std::mem::replace(position, self.head);
                let mut events = self.service.stream(*stream, Revision::FIRST).await?;
                events.retain(|(recorded, _)| recorded.position > after);
                Ok(events)
            }
        }
    }

    /// Whether an event takes its reader's right to read events away. Those from before its request were judged with it.
    fn takes_the_right(&self, event: &Event) -> bool {
        match &event.body {
            Body::Key(_) if event.stream != Stream::Key(self.reader.key_id) => false,
            Body::Key(KeyEvent::Revoked(_)) => true,
            Body::Key(KeyEvent::Regenerated(renewed)) => {
                let mut kept = renewed.superseded_secrets.iter().map(|secret| secret.prefix);
                !kept.any(|prefix| prefix == self.reader.prefix)
            }
            Body::Key(KeyEvent::ScopesChanged(changed)) => {
                !Authority::of(changed.partner_id.clone(), &changed.scopes).may_read_events()
            }
            _ => false,
        }
    }
}

impl EventFilter {
    /// The one stream that can hold what is asked for, where there is such a one.
    fn stream(&self) -> Option<Stream> {
        match (self.key, self.event_type.as_deref()) {
            (Some(key), _) => Some(Stream::Key(key)),
            (None, Some("ScopeCatalogueChanged")) => Some(Stream::Catalogue),
            _ => None,
        }
    }

    fn wants(&self, recorded: &RecordedEvent, event: &Event) -> bool {
        let Self { partner, key, event_type } = self;
        if key.is_some_and(|key| event.stream != Stream::Key(key)) {
            return false;
        }
        if partner.is_none() && event_type.is_none() {
            return true;
        }
        // Also of an event that this release cannot read the type and the partner can be told.
        let Ok(glimpse) = serde_json::from_slice::<Glimpse<'_>>(&recorded.public) else { return false };
        event_type.as_ref().is_none_or(|wanted| *wanted == glimpse.event_type)
            && partner
                .as_ref()
                .is_none_or(|wanted| glimpse.data.partner_id.as_deref() == Some(wanted.as_str()))
    }
}

/// What of a public part decides whether it was asked for.
#[derive(Deserialize)]
struct Glimpse<'a> {
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    data: GlimpseOfData<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GlimpseOfData<'a> {
    #[serde(borrow, default)]
    partner_id: Option<Cow<'a, str>>,
}
