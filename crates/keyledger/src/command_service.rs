//! `keyledger command-service`: the management API and the portal as a process of their own. It appends to the log and
//! knows by an index of its own who asks; the lists are made by `keyledger projector`, and requests are judged by
//! `keyledger validator`.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use async_trait::async_trait;
use keyledger_domain::Catalogue;
use keyledger_listener::{Listening, listen};
use keyledger_projectors::Projector;
use keyledger_validator::KeyIndex;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use crate::{
    cli::Context,
    data_dir::Role,
    installation::{self, Installation, ModelsPlace, OPERATOR_KEY},
    keyring::Keyring,
    ops::{self, Reports, Role as RoleShown, Roles, lists_role, projector_role},
    running::{
        Ending, FollowedIndex, Management, ManagementPorts, Snapshots, as_message, listener,
        ports::{FollowedLists, IndexAndTable, IndexHereListsElsewhere, Lists},
        tidy_metrics, told, url,
    },
    settings::Settings,
};

/// The line of `command-service --json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Started<'a> {
    command: &'a str,
    ops: &'a str,
    /// Where the first operator key was left; nothing once it was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_key_file: Option<&'a Path>,
}

/// Takes commands until it is asked to end (SIGTERM, SIGINT) or the log takes no more of them. Where no log was begun, it
/// begins one.
///
/// # Errors
/// One sentence: what kept it from starting, or made it end.
pub(crate) async fn run(
    context: &Context,
    metrics: PrometheusHandle,
    warnings: Vec<String>,
) -> anyhow::Result<()> {
    let settings = context.settings();
    drop(installation::begin(settings, Catalogue::builtin()).await?);
    let installation = Installation::open(settings, Role::CommandService).await?;
    installation.confirm_witnesses(settings).await?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let Installation { directory, log, keyring, .. } = &installation;
    let mut ending = Ending::watch(Some(installation.log_failed.clone()))?;
    let followed = FollowedIndex::start(settings, directory, log, keyring)?;
    let upkeep = metrics.clone();
    let listeners = match Listeners::open(settings, &installation, &followed, metrics) {
        Ok(listeners) => listeners,
        Err(error) => {
            // It works on this runtime, which ends with the error.
            followed.projector.stop().await;
            return Err(error);
        }
    };
    listeners.print_addresses(context);
    let mut snapshots = Snapshots::new(&followed, keyring, directory);
    let take_up = |keyring: &Keyring| followed.index.set_peppers(keyring.peppers());
    let ended = tokio::select! {
        ended = ending.wait() => ended,
        () = snapshots.keep() => Ok(()),
        () = keyring.follow(&installation.lock, take_up) => Ok(()),
        () = tidy_metrics(upkeep) => Ok(()),
    };
    listeners.management.end_streams();
    // A log that failed has nothing more to promise: whoever waits learns it from the closed connection.
    if ended.is_ok() {
        listeners.management.listening.stop().await.context("the listener did not stop in order")?;
    }
    followed.projector.stop().await;
    if ended.is_ok() {
        snapshots.take().await;
        listeners.ops.stop().await.context("the listener did not stop in order")?;
        tracing::info!("stopped");
    }
    ended
}

/// What the operations listener of a command service reports on.
struct Ops {
    index: Arc<KeyIndex>,
    projector: Arc<Projector>,
    lists: FollowedLists,
}

#[async_trait(?Send)]
impl Reports for Ops {
    async fn roles(&self) -> Roles {
        let index = projector_role(&self.projector);
        let lists = lists_role(&self.lists, self.index.position()).await;
        // Commands are recorded all the same, but nobody could be told who asks, or that they took effect.
        let lame = [&index, &lists].into_iter().find(|role| !role.ready);
        let lame = lame.map(|found| format!("{}, which it answers by, is not ready", found.role));
        Roles {
            deciding: vec![RoleShown::new("command-service", None, lame), index, lists],
            beside: Vec::new(),
        }
    }
}

/// The two listeners of a command service.
struct Listeners {
    management: Management,
    ops: Listening,
    tls: [bool; 2],
}

impl Listeners {
    fn open(
        settings: &Settings,
        installation: &Installation,
        followed: &FollowedIndex,
        metrics: PrometheusHandle,
    ) -> anyhow::Result<Self> {
        let Installation { directory, log, .. } = installation;
        let FollowedIndex { index, projector, .. } = followed;
        let models = ModelsPlace::of(&settings.read_models, directory)?;
        let lists = Lists::of(models.clone(), log.identity());
        let followed_lists = FollowedLists::new(lists.clone());
        let table = models.read_last_used();
        let ports = ManagementPorts {
            index: index.clone(),
            lists,
            last_used: Arc::new(IndexAndTable { index: index.clone(), table }),
            readers: Arc::new(IndexHereListsElsewhere {
                index: index.clone(),
                projector: projector.clone(),
                lists: followed_lists.clone(),
            }),
            here: None,
        };
        let management = Management::open(settings, installation, ports)?;
        let ops = Ops { index: index.clone(), projector: projector.clone(), lists: followed_lists };
        let endpoints = settings.listen.endpoints();
        let tls = [endpoints.command.tls.is_some(), endpoints.ops.tls.is_some()];
        let routes = ops::configure(Arc::new(ops), metrics);
        let ops = listen(listener(endpoints.ops, 1), as_message, routes)?;
        Ok(Self { management, ops, tls })
    }

    fn print_addresses(&self, context: &Context) {
        let [command, ops] =
            [url(self.management.listening.address(), self.tls[0]), url(self.ops.address(), self.tls[1])];
        let key_file = Some(context.data_dir().path().join(OPERATOR_KEY)).filter(|file| file.exists());
        let operator_key_file = key_file.as_deref();
        told(if context.output.json {
            context.output.value(&Started { command: &command, ops: &ops, operator_key_file })
        } else {
            let mut text = format!(
                "keyledger {} takes commands.\n\n  portal, API     {command}\n  operations      {ops}\n",
                env!("CARGO_PKG_VERSION"),
            );
            if let Some(file) = operator_key_file {
                text += &format!("  operator key    {}  (move it to a secret store)\n", file.display());
            }
            context.output.text(&text)
        });
    }
}
