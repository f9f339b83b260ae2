use std::pin::Pin;

use tokio_stream::Stream;
use tonic::{Code, Request, Status};

use crate::{
    database::{Database, Record},
    filter::Filter,
    protocol::{
        StreamIdentifier, stream_name,
        streams::{
            ReadReq, ReadResp,
            read_req::options::{
                AllOptions, CountOption, StreamOption, StreamOptions, all_options::AllOption,
                stream_options::RevisionOption,
            },
            read_resp::{Content, ReadEvent, StreamNotFound, read_event},
        },
        written_id,
    },
    server::Node,
    subscription,
};

/// What a read is answered with.
pub(crate) type Answers = Pin<Box<dyn Stream<Item = Result<ReadResp, Status>> + Send>>;

impl Node {
    pub(crate) async fn answer_read(&self, request: Request<ReadReq>) -> Result<Answers, Status> {
        self.admits(request.metadata())?;
        let options = request.into_inner().options.ok_or_else(|| Status::invalid_argument("no options"))?;
        let (backwards, compatible) = (options.read_direction == 1, options.control_option.is_some());
        let filter = Filter::of(options.filter_option)?;
        let database = self.cluster().database();
        let answers = match (options.stream_option, options.count_option) {
            (Some(StreamOption::Stream(stream)), Some(CountOption::Count(count))) => {
                read_stream(&database, stream, count, backwards, compatible)?
            }
            (Some(StreamOption::All(all)), Some(CountOption::Count(count))) => {
                read_all(&database, &all, count, backwards, &filter)?
            }
            (Some(StreamOption::All(all)), Some(CountOption::Subscription(_))) if !backwards => {
                drop(database);
                return Ok(subscription::start(self.cluster(), &all, filter));
            }
            _ => return Err(Status::unimplemented("the stand-in does not answer this")),
        };
        Ok(Box::pin(tokio_stream::iter(answers.into_iter().map(Ok))))
    }
}

fn read_stream(
    database: &Database,
    options: StreamOptions,
    count: u64,
    backwards: bool,
    compatible: bool,
) -> Result<Vec<ReadResp>, Status> {
    let name = stream_name(options.stream_identifier)?;
    let Some(records) = database.stream(&name) else {
        let stream_identifier = Some(StreamIdentifier { stream_name: name.into_bytes() });
        return Ok(vec![answer(Content::StreamNotFound(StreamNotFound { stream_identifier }))]);
    };
    let last = records.last().map_or(0, |last| last.revision);
    let from = match options.revision_option {
        Some(RevisionOption::Revision(revision)) => revision,
        Some(RevisionOption::End(_)) => last,
        _ => 0,
    };
    let within =
        |record: &&&Record| if backwards { record.revision <= from } else { record.revision >= from };
    let mut wanted: Vec<_> = records.iter().filter(within).collect();
    if backwards {
        wanted.reverse();
    }
    let mut answers: Vec<_> =
        wanted.into_iter().take(count as usize).map(|record| answer(event(record))).collect();
    if compatible {
        answers.push(answer(Content::LastStreamPosition(last)));
    }
    Ok(answers)
}

fn read_all(
    database: &Database,
    options: &AllOptions,
    count: u64,
    backwards: bool,
    filter: &Filter,
) -> Result<Vec<ReadResp>, Status> {
    let records = database.records();
    let from = place(database, options)
        // As the server says it for a filtered read.
        .ok_or_else(|| Status::new(Code::Unknown, "Unexpected FilteredReadAllResult: InvalidPosition"))?;
    let wanted = |record: &&Record| filter.wants(record);
    let take = |records: Vec<&Record>| records.into_iter().map(|record| answer(event(record))).collect();
    let count = count as usize;
    Ok(if backwards {
        take(records[..from].iter().rev().filter(wanted).take(count).collect())
    } else {
        take(records[from..].iter().filter(wanted).take(count).collect())
    })
}

/// The place of the first record from where a reader wants to begin; none: it is no place.
pub(crate) fn place(database: &Database, options: &AllOptions) -> Option<usize> {
    match &options.all_option {
        Some(AllOption::Position(position)) => database.from(position.commit_position),
        Some(AllOption::End(_)) => Some(database.records().len()),
        _ => Some(0),
    }
}

pub(crate) fn answer(content: Content) -> ReadResp {
    ReadResp { content: Some(content) }
}

pub(crate) fn event(record: &Record) -> Content {
    let mut properties = record.event.properties.clone();
    properties.insert("created".to_owned(), "17645000000000000".to_owned());
    Content::Event(ReadEvent {
        event: Some(read_event::RecordedEvent {
            id: Some(written_id(record.event.id)),
            stream_identifier: Some(StreamIdentifier { stream_name: record.stream.clone().into_bytes() }),
            stream_revision: record.revision,
            prepare_position: record.position,
            commit_position: record.position,
            metadata: properties,
            custom_metadata: record.event.metadata.clone(),
            data: record.event.data.clone(),
        }),
        link: None,
        position: Some(read_event::Position::CommitPosition(record.position)),
    })
}
