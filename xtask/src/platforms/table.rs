//! The table of the README, as it is printed and as it is read.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, Result, ensure};

/// What is known of a feature on a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// It compiles without a warning.
    Checked,
    /// Its tests passed, under this if it is not the platform itself.
    Tested(&'static str),
    /// The platform has nothing like it: a compile error says so.
    Absent,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Checked => f.write_str("checked"),
            Cell::Tested("") => f.write_str("tested"),
            Cell::Tested(under) => write!(f, "tested, {under}"),
            Cell::Absent => f.write_str("no"),
        }
    }
}

/// A row for each platform, a column for each feature.
pub(super) struct Table {
    features: Vec<String>,
    /// A row is empty if it was skipped or has failed.
    rows: Vec<(String, Option<Vec<Cell>>)>,
}

impl Table {
    pub(super) fn new(features: Vec<String>) -> Self {
        Table { features, rows: Vec::new() }
    }

    /// A row, with a cell for each feature.
    pub(super) fn add(&mut self, platform: &str, cells: Option<Vec<Cell>>) {
        self.rows.push((platform.to_owned(), cells));
    }

    /// Compares the rows that were run with those of the README. `checked_only`: no tests were run.
    ///
    /// # Errors
    ///
    /// If a row is not the same.
    pub(super) fn compare(&self, readme: &str, checked_only: bool) -> Result<String> {
        let written = parse(readme, &self.features)?;
        let mut compared = 0;
        for (platform, cells) in self.rows.iter().filter_map(|(platform, cells)| Some((platform, cells.as_ref()?))) {
            let written = written.get(platform).with_context(|| format!("it has no row for {platform}"))?;
            for ((feature, cell), written) in self.features.iter().zip(cells).zip(written) {
                let written = if checked_only && written.starts_with("tested") { "checked" } else { written };
                ensure!(cell.to_string() == written, "`{feature}` on {platform} is `{cell}`, and it says `{written}`");
            }
            compared += 1;
        }
        Ok(format!("{compared} of {} rows compared", self.rows.len()))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.features.iter().map(|name| format!("`{name}`")).collect();
        writeln!(f, "| {TITLE} | {} |", names.join(" | "))?;
        writeln!(f, "|---{}|", "|---".repeat(names.len()))?;
        for (platform, cells) in &self.rows {
            let cells: Vec<String> = match cells {
                Some(cells) => cells.iter().map(Cell::to_string).collect(),
                None => vec!["?".to_owned(); self.features.len()],
            };
            writeln!(f, "| {platform} | {} |", cells.join(" | "))?;
        }
        Ok(())
    }
}

/// The head of the first column, by which the table is found.
const TITLE: &str = "platform";

/// The rows of the table in a text, by platform.
///
/// # Errors
///
/// If there is none, or its columns are not these features.
pub(super) fn parse(text: &str, features: &[String]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut lines = text.lines().map(cells).skip_while(|cells| cells.first().is_none_or(|first| first != TITLE));
    let head = lines.next().context("there is no table of platforms")?;
    let named: Vec<String> = head.iter().skip(1).map(|name| name.trim_matches('`').to_owned()).collect();
    ensure!(named == features, "its columns are {named:?}, and the features are {features:?}");
    let rows = lines.skip(1).take_while(|cells| !cells.is_empty());
    rows.map(|mut cells| {
        ensure!(cells.len() == features.len() + 1, "a row has {} columns", cells.len());
        Ok((cells.remove(0), cells))
    })
    .collect()
}

/// The cells of a line; none if it is not of a table.
fn cells(line: &str) -> Vec<String> {
    let inner = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    inner.map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Cell, Table};

    fn table(cell: Cell) -> Table {
        let mut table = Table::new(vec!["a".to_owned(), "b".to_owned()]);
        table.add("here", Some(vec![cell, Cell::Absent]));
        table.add("nowhere", None);
        table
    }

    #[test]
    fn what_is_printed_is_what_is_read() {
        let (checked, tested) = (table(Cell::Checked), table(Cell::Tested("wine")));
        assert_eq!(tested.compare(&format!("x\n\n{tested}\ny"), false).unwrap(), "1 of 2 rows compared");
        assert!(tested.compare(&checked.to_string(), false).is_err(), "the text says less");
        assert!(checked.compare(&tested.to_string(), false).is_err(), "the text says more");
        checked.compare(&tested.to_string(), true).unwrap();
        assert!(tested.compare("no table", false).is_err());
    }
}
