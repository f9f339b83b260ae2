use std::sync::Arc;

use tokio::sync::mpsc;
use tonic::Status;

use crate::{
    filter::Filter,
    protocol::streams::{
        ReadResp,
        read_req::options::{AllOptions, all_options::AllOption},
        read_resp::{CaughtUp, Checkpoint, Content, SubscriptionConfirmation},
    },
    reading::{Answers, answer, event, place},
    server::Cluster,
};

/// After how many records that a follower does not want it is told how far the server has come.
const CHECKPOINT: usize = 32;

/// Follows everything from a place on: what is there, that this was all, and what comes.
pub(crate) fn start(cluster: &Arc<Cluster>, options: &AllOptions, filter: Filter) -> Answers {
    let (answers, stream) = mpsc::channel(16);
    // A subscription begins after its position, where a read begins at it.
    let from = {
        let database = cluster.database();
        let at = place(&database, options)
            .ok_or_else(|| Status::invalid_argument("Trying to read from an invalid position."));
        at.map(|at| match (&options.all_option, database.records().get(at)) {
            (Some(AllOption::Position(position)), Some(record)) => {
                at + usize::from(record.position == position.commit_position)
            }
            _ => at,
        })
    };
    let (cluster, news) = (Arc::clone(cluster), cluster.news.subscribe());
    tokio::spawn(async move {
        match from {
            Ok(from) => follow(&cluster, news, from, &filter, &answers).await.unwrap_or(()),
            Err(refused) => answers.send(Err(refused)).await.unwrap_or(()),
        }
    });
    Box::pin(tokio_stream::wrappers::ReceiverStream::new(stream))
}

/// Comes to an end with its follower.
async fn follow(
    cluster: &Cluster,
    mut news: tokio::sync::watch::Receiver<usize>,
    mut at: usize,
    filter: &Filter,
    answers: &mpsc::Sender<Result<ReadResp, Status>>,
) -> Option<()> {
    let tell = async |content| answers.send(Ok(answer(content))).await.ok();
    tell(Content::Confirmation(SubscriptionConfirmation { subscription_id: "one".to_owned() })).await?;
    let (mut caught_up, mut unwanted) = (false, 0);
    loop {
        let record = cluster.database().records().get(at).cloned();
        let Some(record) = record else {
            if !caught_up {
                tell(Content::CaughtUp(CaughtUp { timestamp: None, stream_revision: None, position: None }))
                    .await?;
                caught_up = true;
            }
            tokio::select! {
                changed = news.changed() => changed.ok()?,
                () = answers.closed() => return None,
            }
            continue;
        };
        at += 1;
        unwanted += 1;
        if filter.wants(&record) {
            unwanted = 0;
            tell(event(&record)).await?;
        } else if unwanted == CHECKPOINT {
            unwanted = 0;
            let (commit_position, prepare_position) = (record.position, record.position);
            tell(Content::Checkpoint(Checkpoint { commit_position, prepare_position, timestamp: None }))
                .await?;
        }
    }
}
