use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use keyledger_event_log::Position;

/// A bar on a terminal, nothing elsewhere; and what moves it.
pub(crate) fn progress_bar(
    doing: &'static str,
    quiet: bool,
) -> (ProgressBar, impl FnMut(Position, Position) + Send + 'static) {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template("{msg:14} [{bar:40}] {pos}/{len} events, {per_sec}, {eta} left");
    let bar = ProgressBar::with_draw_target(Some(0), target).with_message(doing);
    let bar = style.map_or(bar.clone(), |style| bar.with_style(style));
    let shown = bar.clone();
    let moves = move |position: Position, head: Position| {
        shown.set_length(head.get());
        shown.set_position(position.get());
    };
    (bar, moves)
}
