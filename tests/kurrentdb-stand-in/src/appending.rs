use tonic::{Request, Response, Status, Streaming};

use crate::{
    Trouble,
    database::{Expected, Judged, Proposed},
    protocol::{
        self, Empty, read_id, rpc, shared, stream_name,
        streams::{
            AppendReq, AppendResp, BatchAppendReq, BatchAppendResp, DeleteReq, DeleteResp, ReadReq,
            TombstoneReq, TombstoneResp, append_req, append_resp, batch_append_req, batch_append_resp,
            streams_server::Streams,
        },
    },
    reading::Answers,
    server::{Node, denied},
};

impl Node {
    /// Records what a client proposes, with the trouble that is meant for it.
    async fn append_to(
        &self,
        stream: &str,
        expected: Expected,
        events: Vec<Proposed>,
    ) -> Result<Judged, Status> {
        let lost = || Status::unavailable("nobody hears this");
        let trouble = self.trouble_with(stream);
        match trouble {
            Some(Trouble::LineLostBefore) => {
                self.lose_lines();
                return Err(lost());
            }
            Some(Trouble::NotReady) => return Err(Status::unavailable("Server Is Not Ready")),
            Some(Trouble::Denied) => return Err(denied()),
            Some(Trouble::Held) => self.cluster().are_let_go().await,
            Some(Trouble::Slow(so_long)) => {
                // A server does not stop for a client that has gone meanwhile.
                let (node, stream) = (self.clone(), stream.to_owned());
                let recorded = tokio::spawn(async move {
                    tokio::time::sleep(so_long).await;
                    node.record(&stream, expected, events)
                });
                return recorded.await.map_err(|_| Status::internal("it panicked"));
            }
            Some(Trouble::LineLostAfter | Trouble::GoneAfter | Trouble::TimedOutAfter) | None => {}
        }
        let judged = self.record(stream, expected, events);
        match trouble {
            Some(Trouble::LineLostAfter) => {
                self.lose_lines();
                Err(lost())
            }
            Some(Trouble::GoneAfter) => {
                self.go();
                Err(lost())
            }
            Some(Trouble::TimedOutAfter) => {
                Err(Status::aborted("Operation timed out: Commit phase timeout."))
            }
            _ => Ok(judged),
        }
    }

    fn record(&self, stream: &str, expected: Expected, events: Vec<Proposed>) -> Judged {
        let judged = self.cluster().database().append(stream, expected, events);
        self.cluster().tell();
        judged
    }
}

#[tonic::async_trait]
impl Streams for Node {
    type ReadStream = Answers;
    type BatchAppendStream = tokio_stream::Once<Result<BatchAppendResp, Status>>;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Answers>, Status> {
        self.answer_read(request).await.map(Response::new)
    }

    async fn append(&self, request: Request<Streaming<AppendReq>>) -> Result<Response<AppendResp>, Status> {
        self.admits(request.metadata())?;
        let mut request = request.into_inner();
        let refused = || Status::invalid_argument("not an append");
        let Some(AppendReq { content: Some(append_req::Content::Options(options)) }) =
            request.message().await?
        else {
            return Err(refused());
        };
        let stream = stream_name(options.stream_identifier)?;
        let asked = options.expected_stream_revision.ok_or_else(refused)?;
        let mut events = Vec::new();
        while let Some(AppendReq { content: Some(append_req::Content::ProposedMessage(event)) }) =
            request.message().await?
        {
            let append_req::ProposedMessage { id, metadata, custom_metadata, data } = event;
            let id = read_id(id).ok_or_else(refused)?;
            events.push(Proposed { id, properties: metadata, data, metadata: custom_metadata });
        }
        use append_req::options::ExpectedStreamRevision as Asked;
        let expected = match asked {
            Asked::Revision(revision) => Expected::Revision(revision),
            Asked::NoStream(_) => Expected::NoStream,
            Asked::Any(_) => Expected::Any,
            Asked::StreamExists(_) => Expected::Exists,
        };
        let result = match self.append_to(&stream, expected, events).await? {
            Judged::Recorded { revision, position } => append_resp::Result::Success(append_resp::Success {
                current_revision_option: Some(append_resp::success::CurrentRevisionOption::CurrentRevision(
                    revision,
                )),
                position_option: Some(append_resp::success::PositionOption::Position(
                    append_resp::Position { commit_position: position, prepare_position: position },
                )),
            }),
            Judged::Wrong { current } => append_resp::Result::WrongExpectedVersion(wrong(asked, current)),
        };
        Ok(Response::new(AppendResp { result: Some(result) }))
    }

    async fn batch_append(
        &self,
        request: Request<Streaming<BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        self.admits(request.metadata())?;
        let refused = || Status::invalid_argument("not an append that the stand-in knows");
        let batch =
            request.into_inner().message().await?.filter(|batch| batch.is_final).ok_or_else(refused)?;
        let options = batch.options.ok_or_else(refused)?;
        let stream_identifier = options.stream_identifier.clone();
        let stream = stream_name(options.stream_identifier)?;
        use batch_append_req::options::ExpectedStreamPosition as Asked;
        let expected = match options.expected_stream_position.ok_or_else(refused)? {
            Asked::StreamPosition(revision) => Expected::Revision(revision),
            Asked::NoStream(()) => Expected::NoStream,
            Asked::Any(()) => Expected::Any,
            Asked::StreamExists(()) => Expected::Exists,
        };
        let mut events = Vec::new();
        for batch_append_req::ProposedMessage { id, metadata, custom_metadata, data } in
            batch.proposed_messages
        {
            let id = read_id(id).ok_or_else(refused)?;
            events.push(Proposed { id, properties: metadata, data, metadata: custom_metadata });
        }
        let result = match self.append_to(&stream, expected, events).await? {
            Judged::Recorded { revision, position } => {
                batch_append_resp::Result::Success(batch_append_resp::Success {
                    current_revision_option: Some(
                        batch_append_resp::success::CurrentRevisionOption::CurrentRevision(revision),
                    ),
                    position_option: Some(batch_append_resp::success::PositionOption::Position(
                        shared::AllStreamPosition { commit_position: position, prepare_position: position },
                    )),
                })
            }
            Judged::Wrong { current } => batch_append_resp::Result::Error(wrong_in_a_batch(current)),
        };
        let answer = BatchAppendResp {
            correlation_id: batch.correlation_id,
            stream_identifier,
            expected_stream_position: None,
            result: Some(result),
        };
        Ok(Response::new(tokio_stream::once(Ok(answer))))
    }

    async fn delete(&self, _: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        Err(Status::unimplemented("nobody deletes"))
    }

    async fn tombstone(&self, _: Request<TombstoneReq>) -> Result<Response<TombstoneResp>, Status> {
        Err(Status::unimplemented("nobody deletes"))
    }
}

fn wrong(
    asked: append_req::options::ExpectedStreamRevision,
    current: Option<u64>,
) -> append_resp::WrongExpectedVersion {
    use append_req::options::ExpectedStreamRevision as Asked;
    use append_resp::wrong_expected_version::{
        CurrentRevisionOption as Current, ExpectedRevisionOption as Expected,
    };
    append_resp::WrongExpectedVersion {
        current_revision_option: Some(match current {
            Some(revision) => Current::CurrentRevision(revision),
            None => Current::CurrentNoStream(Empty {}),
        }),
        expected_revision_option: Some(match asked {
            Asked::Revision(revision) => Expected::ExpectedRevision(revision),
            Asked::NoStream(_) => Expected::ExpectedNoStream(Empty {}),
            Asked::Any(_) => Expected::ExpectedAny(Empty {}),
            Asked::StreamExists(_) => Expected::ExpectedStreamExists(Empty {}),
        }),
        current_revision_option_20_6_0: None,
        expected_revision_option_20_6_0: None,
    }
}

fn wrong_in_a_batch(current: Option<u64>) -> rpc::Status {
    use protocol::shared::wrong_expected_version::CurrentStreamRevisionOption as Current;
    let details = shared::WrongExpectedVersion {
        current_stream_revision_option: Some(match current {
            Some(revision) => Current::CurrentStreamRevision(revision),
            None => Current::CurrentNoStream(()),
        }),
        expected_stream_position_option: None,
    };
    rpc::Status {
        code: rpc::Code::FailedPrecondition.into(),
        message: "WrongExpectedVersion".to_owned(),
        details: Some(prost_types::Any {
            type_url: "type.googleapis.com/event_store.client.WrongExpectedVersion".to_owned(),
            value: prost::Message::encode_to_vec(&details),
        }),
    }
}
