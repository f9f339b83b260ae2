use keyledger_domain::key::Key;
use keyledger_event_log::{Checkpoint, Position};

use crate::{
    PartnerKeysReader, ReadModelError, checkpoint, postgres,
    question::{Ask, Question, keys_question},
    reader::Source,
    row, sqlite,
};

const EVERY: Question = keys_question!(sqlite: "ORDER BY key_id", postgres: "ORDER BY key_id");

impl PartnerKeysReader {
    /// Tells every key, by their ids, all of one moment: first up to which event the rows were then.
    ///
    /// # Errors
    /// [`ReadModelError`], also where `each` ended it; what was told so far is then no whole.
    pub fn every(
        &self,
        position: impl FnOnce(Position),
        mut each: impl FnMut(&Key) -> Result<(), ReadModelError>,
    ) -> Result<(), ReadModelError> {
        match &self.0 {
            Source::File(pool) => {
                pool.ask(|db| sqlite::at_one_moment(db, |moment| every(moment, position, &mut each)))
            }
            Source::Database(database) => {
                postgres::at_one_moment(database, |moment| every(moment, position, &mut each))
            }
        }
    }
}

fn every(
    moment: &mut impl Ask,
    position: impl FnOnce(Position),
    each: &mut dyn FnMut(&Key) -> Result<(), ReadModelError>,
) -> Result<(), ReadModelError> {
    let Some((_, Checkpoint { position: at, .. })) = checkpoint::read(moment)? else {
        return Err(checkpoint::missing());
    };
    position(at);
    moment.each(EVERY, &[], &mut |found| each(&row::read(&found)?))
}
