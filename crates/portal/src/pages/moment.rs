use keyledger_domain::Timestamp;
use maud::{Markup, html};

/// A moment: in UTC, exact on hover; `portal.js` tells it in the reader's zone.
pub(super) fn moment(at: Timestamp) -> Markup {
    let exact = at.to_string();
    // 2027-01-31T12:00:00.000Z, without what nobody reads.
    let short = format!("{} {} UTC", &exact[..10], &exact[11..16]);
    html! { time datetime=(exact) title=(exact) { (short) } }
}
