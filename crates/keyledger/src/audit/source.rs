//! Where an auditor's answers come from: the registry that runs, or the files of one where `--data-dir` names them. A
//! setting alone does not: whoever wrote it for a server did not ask to be passed by.

use std::sync::Arc;

use keyledger_audit::History;

use super::remote_log::RemoteLog;
use crate::{
    cli::Context,
    installation::{HeldKeyring, ReadOnly},
};

/// Where answers come from.
pub(crate) struct Source {
    /// The events.
    pub(crate) history: History,
    /// The files they come from; none where a running registry tells them.
    pub(crate) files: Option<Files>,
}

/// The files of an installation.
pub(crate) struct Files {
    /// Where they lie.
    pub(crate) directory: crate::data_dir::DataDir,
    /// Their keyring.
    pub(crate) keyring: HeldKeyring,
}

impl Source {
    /// Opens what the command line asks for.
    ///
    /// # Errors
    /// One sentence: no registry answers, or none lies there.
    pub(crate) async fn open(context: &Context) -> anyhow::Result<Self> {
        if !context.loaded.is_of_flag("server.data_dir") {
            let log = RemoteLog::open(context.client()?).await?;
            return Ok(Self { history: History::new(Arc::new(log), None), files: None });
        }
        let ReadOnly { directory, log, keyring } = ReadOnly::open(context.settings()).await?;
        let history = History::new(log, Some(keyring.mac_keys_source()));
        Ok(Self { history, files: Some(Files { directory, keyring }) })
    }
}
