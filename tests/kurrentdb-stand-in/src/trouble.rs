use std::time::Duration;

/// What happens to an append, once.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// Every line to the node is lost before it records anything.
    LineLostBefore,
    /// Every line to the node is lost after it recorded the append, and before it says so.
    LineLostAfter,
    /// It is recorded, and the node is away from then on.
    GoneAfter,
    /// It is recorded, and the server says that it does not know: the answer of its other nodes came too late.
    TimedOutAfter,
    /// Nothing is recorded: an election is going on.
    NotReady,
    /// Nothing is recorded: the user may not write.
    Denied,
    /// It is recorded, but only once [`StandIn::let_go`](crate::StandIn::let_go) says so.
    Held,
    /// It is recorded, but only after so long.
    Slow(Duration),
}

/// The troubles that are still to come.
#[derive(Default)]
pub(crate) struct Troubles(Vec<(String, Trouble)>);

impl Troubles {
    pub(crate) fn add(&mut self, stream: &str, trouble: Trouble) {
        self.0.push((stream.to_owned(), trouble));
    }

    /// The first one that is meant for a stream, by how its name begins.
    pub(crate) fn take(&mut self, stream: &str) -> Option<Trouble> {
        let at = self.0.iter().position(|(beginning, _)| stream.starts_with(beginning.as_str()))?;
        Some(self.0.remove(at).1)
    }

    pub(crate) fn are_over(&self) -> bool {
        self.0.is_empty()
    }
}
