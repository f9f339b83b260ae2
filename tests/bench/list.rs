//! Pages of the list of the largest partner, in this process.

use std::time::Instant;

use keyledger_domain::{Clock as _, PartnerId};
use keyledger_read_models::{List, PartnerKeysReader};

use crate::clock::Machine;
use crate::report::Table;
use crate::statistics::{grouped, nanos_each, quantile, time};
use crate::world::{LARGEST_PARTNER, World};

/// How many keys a page has where nobody asks for another number.
const PAGE: usize = 50;

/// Turns every page, the first to the last.
pub(crate) fn measure(world: &World) -> anyhow::Result<Table> {
    let lists = PartnerKeysReader::open(world.directory.join("read-models.db"), world.identity)?;
    let partner = PartnerId::parse(LARGEST_PARTNER)?;
    let now = Machine::start().now();
    let (mut after, mut pages, mut keys) = (None, Vec::new(), 0);
    loop {
        let begun = Instant::now();
        let page =
            lists.list(List { partner: &partner, status: None, search: None, now, limit: PAGE, after })?;
        pages.push(nanos_each(begun.elapsed(), 1));
        keys += page.keys.len();
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    let mut table = Table::of_ratios("Lists and revocations");
    for (part, name, goal) in [(0.5, "p50", "–"), (0.99, "p99", "≤ 5 ms")] {
        let what = format!("a page of {PAGE} of a partner with {} keys, {name}", grouped(keys));
        let figures = [&what, &time(quantile(&pages, part)), "–", "–", goal];
        table.rows.push(figures.map(str::to_owned).into());
    }
    Ok(table)
}
