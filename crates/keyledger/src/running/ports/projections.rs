use std::sync::Arc;

use keyledger_command_service::ports::{Projections, ReadModel};
use keyledger_validator::KeyIndex;

use super::Lists;
use crate::projections::told;

/// The index of this process, and the lists wherever they are.
pub(crate) struct IndexAndLists {
    pub(crate) index: Arc<KeyIndex>,
    pub(crate) lists: Lists,
}

impl Projections for IndexAndLists {
    fn tell(&self, model: ReadModel, line: &mut dyn FnMut(&str) -> bool) -> Result<(), String> {
        match model {
            ReadModel::KeyIndex => told::key_index(&self.index, line),
            ReadModel::PartnerKeys => told::partner_keys(&self.lists.reader()?, line),
        }
    }
}
