use std::{io::Write, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Bytes, BytesMut},
};
use futures_util::stream::{self, Stream};
use keyledger_domain::{KeyId, PartnerId};
use keyledger_event_log::Position;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    doc::ReadProblems,
    entrance::Entrance,
    fields::Fields,
    key_history::EventBody,
    problem::{FieldFault, Problem},
    query,
    read_values::text,
};
use crate::{
    ShownEvent,
    read_events::{EventFilter, EventReader, Read},
};

/// How long a live stream is silent at most: proxies close what is silent for longer.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Reads the events of every partner
///
/// Up to the head of the log, one JSON object a line, streamed. With `Accept: text/event-stream` it follows live: the id of
/// each event is its position, `Last-Event-ID` resumes after it, and the stream ends within a second of the end
/// of the secret that opened it: revoked, superseded without an overlap, or expired. For auditors and operators.
#[utoipa::path(
    get, path = "/v1/events", tag = "history",
    params(
        ("after" = Option<u64>, Query, description = "Only events after this position"),
        ("partnerId" = Option<String>, Query, description = "Only events of this partner's keys"),
        ("keyId" = Option<String>, Query, description = "Only events of this key"),
        ("type" = Option<String>, Query, description = "Only events of this type", example = "KeyRevoked"),
        ("limit" = Option<u64>, Query, description = "At most so many events", minimum = 1),
        ("Last-Event-ID" = Option<u64>, Header, description = "As after, from a client that reconnects")
    ),
    responses(
        (status = 200, description = "The events", content(
            (EventBody = "application/x-ndjson"), (EventBody = "text/event-stream")
        )),
        ReadProblems
    )
)]
pub(crate) async fn read_events(http: HttpRequest) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "read_events")?;
    entrance.needs(entrance.authority().may_read_events())?;
    let live = wants_live(&http);
    let asked = Asked::read(&http)?;
    let service = entrance.service().clone();
    if !service.is_a_place(asked.after).await? {
        let told = "is no position in this log: give one that an event or X-Log-Position told";
        return Err(Problem::invalid(vec![FieldFault::new("after", told)]));
    }
    let reader =
        EventReader::new(service, entrance.principal.clone(), asked.after, asked.filter, live).await?;
    let form = if live { Form::Live } else { Form::UpToHead };
    let events = Events { reader, entrance, form, left: asked.limit, spoke: Instant::now() };
    let media_type = if live { "text/event-stream" } else { "application/x-ndjson" };
    Ok(HttpResponse::Ok().content_type(media_type).streaming(events.stream()))
}

fn wants_live(http: &HttpRequest) -> bool {
    let accepted = http.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        range.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream")
    })
}

/// Which events were asked for.
struct Asked {
    after: Position,
    filter: EventFilter,
    limit: u64,
}

impl Asked {
    fn read(http: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = query::read(http)?;
        let position = || query::number(0, Position::MAX.get());
        let after = parameters.optional("after", position());
        let filter = EventFilter {
            partner: parameters.optional("partnerId", text(PartnerId::parse)),
            key: parameters
                .optional("keyId", text(|id| Uuid::try_parse(id).map(KeyId).map_err(|_| "is not a keyId"))),
            event_type: parameters.optional("type", text(event_type)),
        };
        let limit = parameters.optional("limit", query::number(1, Position::MAX.get())).unwrap_or(u64::MAX);
        let resumed = resumed_after(http, &mut parameters);
        parameters.finish()?;
        Ok(Self { after: Position::new(resumed.or(after).unwrap_or_default()), filter, limit })
    }
}

fn resumed_after(http: &HttpRequest, parameters: &mut Fields) -> Option<u64> {
    let value = http.headers().get("last-event-id").filter(|value| !value.is_empty())?;
    let position =
        value.to_str().ok().and_then(|text| text.parse().ok()).filter(|p| *p <= Position::MAX.get());
    if position.is_none() {
        parameters.faults().push("Last-Event-ID", "must be the position of an event");
    }
    position
}

/// Any word: a type that this release does not know may still be in the log.
fn event_type(text: &str) -> Result<String, &'static str> {
    let is_word = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_word { Ok(text.to_owned()) } else { Err("must be a type of event, for example KeyRevoked") }
}

/// How events are written, and when there are no more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One a line, up to where the log ended at the beginning.
    UpToHead,
    /// As server-sent events, until the reader goes or may not read any more.
    Live,
}

/// Events on their way out. The next ones are read when the last ones were taken, so a slow reader costs no memory.
struct Events {
    reader: EventReader,
    entrance: Entrance,
    form: Form,
    left: u64,
    /// When something was last written.
    spoke: Instant,
}

impl Events {
    fn stream(self) -> impl Stream<Item = Result<Bytes, Problem>> {
        stream::unfold(Some(self), |events| async {
            let mut events = events?;
            match events.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(events))),
                Ok(None) => None,
                // The answer breaks off where it stands: whoever reads it must not take it for whole.
                Err(problem) => {
                    tracing::error!(%problem, "a stream of events broke off");
                    Some((Err(problem), None))
                }
            }
        })
    }

    /// The next bytes; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            if self.left == 0 || (self.form == Form::UpToHead && self.reader.position() >= self.reader.head())
            {
                return Ok(None);
            }
            if !self.entrance.api.gatekeeper.stands(self.entrance.principal.prefix) {
                return self.no_longer();
            }
            let Read::Events(events) = self.reader.next().await? else { return self.no_longer() };
            let bytes = self.write(events);
            let now = Instant::now();
            if !bytes.is_empty() {
                self.spoke = now;
                return Ok(Some(bytes.freeze()));
            }
            if self.form == Form::Live && now - self.spoke >= HEARTBEAT {
                self.spoke = now;
                // An id without data moves the client's Last-Event-ID on over events that it did not ask for.
                return Ok(Some(Bytes::from(format!(": heartbeat\nid: {}\n\n", self.reader.position()))));
            }
        }
    }

    /// The end for somebody whose secret works no more: a live stream just ends, a list must not look whole.
    fn no_longer(&self) -> Result<Option<Bytes>, Problem> {
        match self.form {
            Form::Live => Ok(None),
            Form::UpToHead => Err(Problem::forbidden()),
        }
    }

    fn write(&mut self, events: Vec<ShownEvent>) -> BytesMut {
        let mut bytes = Vec::new();
        for ShownEvent { position, public } in events {
            let beyond = self.form == Form::UpToHead && position > self.reader.head();
            if self.left == 0 || beyond {
                break;
            }
            self.left -= 1;
            let (before, after) = match self.form {
                Form::UpToHead => (String::new(), "\n"),
                Form::Live => (format!("id: {position}\ndata: "), "\n\n"),
            };
            let _ = write!(bytes, "{before}{{\"position\":{position},\"event\":");
            bytes.extend_from_slice(&public);
            bytes.extend_from_slice(b"}");
            bytes.extend_from_slice(after.as_bytes());
        }
        BytesMut::from(bytes.as_slice())
    }
}
