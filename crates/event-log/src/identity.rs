use uuid::Uuid;

/// Which log this is. Every event names both, under its authentication code, so that events of another log, or of
/// another life of this one, are recognised wherever they are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogIdentity {
    /// The log's own id, chosen when it was initialised.
    pub log: Uuid,
    /// Its life since the last restore: 1 at first, one more with each restore.
    pub epoch: u32,
}
