use super::{People, Unavailable, account, change_standing, find::ANYBODY};

const PEOPLE: &str = account::select_accounts!("FROM people");
const CHANGES: &str =
    "SELECT number, person_id, at, by, before, after, mac FROM standing_changes ORDER BY number";

impl People {
    /// Copies everybody, and every change of what they may do, as they are at this moment, to where nobody is yet; says how
    /// many people there are, or none where somebody is there already, and then nothing is copied. Nobody is signed in there.
    ///
    /// The rows go over with their codes, as they are: one that was altered is refused there as it is here.
    ///
    /// # Errors
    /// [`Unavailable`]; then nothing was copied.
    pub fn copy_to(&self, to: &Self) -> Result<Option<usize>, Unavailable> {
        let (people, changes) =
            self.store.look(|rows| Ok((rows.ask(PEOPLE, &[])?, rows.ask(CHANGES, &[])?)))?;
        let copied = to.store.change(|rows| {
            if !rows.ask(ANYBODY, &[])?.is_empty() {
                return Ok(None);
            }
            for row in &people {
                rows.run(account::WRITE, &row.0)?;
            }
            for row in &changes {
                rows.run(change_standing::KEEP, &row.0)?;
            }
            Ok::<_, super::Failure>(Some(people.len()))
        });
        Ok(copied?)
    }
}
