use keyledger_event_log::Position;

/// Whoever watches long work.
pub trait Watcher: Send {
    /// It has come to this position on its way to that one.
    fn reached(&mut self, position: Position, end: Position);

    /// Something happened on the way that people should know, and that does not stop it.
    fn remark(&mut self, text: &str);
}

/// Nobody watches.
impl Watcher for () {
    fn reached(&mut self, _: Position, _: Position) {}
    fn remark(&mut self, _: &str) {}
}
