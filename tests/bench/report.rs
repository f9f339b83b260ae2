//! The tables, printed and written into the page that explains them.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::machine;

/// The page, and what stands in it before and after the tables.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md");
const BEGIN: &str = "<!-- written by make bench: begin -->\n";
const END: &str = "<!-- written by make bench: end -->";

/// What was measured.
pub(crate) struct Report {
    machine: String,
    text: String,
}

/// One group of rows.
pub(crate) struct Table {
    pub(crate) title: &'static str,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of figures beside what they are measured against.
    pub(crate) fn of_ratios(title: &'static str) -> Self {
        let header = ["what", "keyledger", "beside it", "ratio", "goal"];
        Self { title, header: header.map(str::to_owned).into(), rows: Vec::new() }
    }
}

/// A row of [`Table::of_ratios`].
pub(crate) fn row(what: String, ours: String, beside: String, ratio: f64, goal: &str) -> Vec<String> {
    vec![what, ours, beside, format!("{ratio:.2}"), goal.to_owned()]
}

impl Report {
    /// Begins one, with the machine as it is before anything was measured.
    pub(crate) fn begin() -> Self {
        let machine = machine::describe();
        println!("{machine}");
        Self { machine, text: String::new() }
    }

    /// Prints a table and keeps it.
    pub(crate) fn add(&mut self, table: Table) {
        let text = render(&table);
        println!("\n{text}");
        self.text += &text;
        self.text.push('\n');
    }

    /// Writes everything between the two marks of the page.
    pub(crate) fn write(self) -> anyhow::Result<()> {
        let page = fs::read_to_string(PAGE).with_context(|| format!("cannot read {PAGE}"))?;
        let marks = page.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let (before, after) = marks.with_context(|| format!("{PAGE} lacks the marks of the tables"))?;
        let page = format!("{before}{BEGIN}\n{}\n\n{}{END}{after}", self.machine, self.text);
        fs::write(Path::new(PAGE), page).with_context(|| format!("cannot write {PAGE}"))
    }
}

fn render(table: &Table) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|{}\n", "---|".repeat(table.header.len()));
    let rows: String = table.rows.iter().map(|row| line(row)).collect();
    format!("### {}\n\n{}{rule}{rows}", table.title, line(&table.header))
}
