use std::fmt;

use super::clean;

/// A table for people: columns apart by two spaces, the head in capitals.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// A table with these columns.
    pub(crate) fn new(head: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(head.iter().map(|name| name.to_uppercase()));
        Self(table)
    }

    /// A table of names and values, without a head.
    pub(crate) fn of_fields<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        let mut table = Self(table);
        for (name, value) in fields {
            table.row([name.to_owned(), value]);
        }
        table
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells.into_iter().map(|cell| clean(&cell)));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.lines().map(|line| line.trim().to_owned()).collect();
        f.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_lines_its_columns_up_and_holds_nothing_but_text() {
        let mut table = Table::new(&["name", "status"]);
        table.row(["a".to_owned(), "ACTIVE".to_owned()]);
        table.row(["a\u{1b}\nlonger".to_owned(), "REVOKED".to_owned()]);
        assert_eq!(table.to_string(), "NAME       STATUS\na          ACTIVE\na  longer  REVOKED");
    }
}
