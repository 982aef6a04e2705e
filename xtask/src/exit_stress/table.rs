//! What is printed for an interpreter.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::Side;
use super::outcome::{Class, Ran};
use super::scenario::Scenario;
use crate::python::Interpreter;

/// The scenarios, and how their runs went.
pub(crate) struct Table {
    title: String,
    sides: Vec<Side>,
    rows: Vec<(String, BTreeMap<Side, Cell>)>,
    findings: Vec<String>,
}

/// The runs of a scenario on one side.
#[derive(Default)]
struct Cell {
    classes: BTreeMap<Class, usize>,
    exit_times: Vec<Duration>,
}

impl Table {
    pub(crate) fn new(
        interpreter: &Interpreter,
        sides: &[Side],
        scenarios: &[Scenario],
        results: &[(&Scenario, Side, Ran)],
    ) -> Self {
        let rows = scenarios.iter().map(|scenario| {
            let mut cells: BTreeMap<Side, Cell> = BTreeMap::new();
            for (_, side, ran) in results.iter().filter(|(of, ..)| of.name == scenario.name) {
                let cell = cells.entry(*side).or_default();
                *cell.classes.entry(ran.class).or_default() += 1;
                cell.exit_times.extend(ran.exit_time);
            }
            cells.values_mut().for_each(|cell| cell.exit_times.sort());
            (scenario.name.clone(), cells)
        });
        let ours = results.iter().filter(|(_, side, _)| *side == Side::Ours);
        let findings = ours.filter_map(|(.., ran)| ran.findings.clone()).collect();
        Table { title: interpreter.to_string(), sides: sides.to_vec(), rows: rows.collect(), findings }
    }

    /// How many scenarios were clean in all runs of ours.
    pub(crate) fn clean_scenarios(&self) -> usize {
        let ours = self.rows.iter().filter_map(|(_, cells)| cells.get(&Side::Ours));
        ours.filter(|cell| cell.unclean() == 0).count()
    }

    /// How those runs of ours ended that were not clean.
    pub(crate) fn findings(&self) -> &[String] {
        &self.findings
    }

    /// How many runs of a side were not clean.
    pub(crate) fn unclean(&self, side: Side) -> usize {
        self.rows.iter().filter_map(|(_, cells)| cells.get(&side)).map(Cell::unclean).sum()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max(self.title.len());
        let mut width = BTreeMap::new();
        write!(f, "{:first$}", self.title)?;
        for side in &self.sides {
            let cells = self.rows.iter().filter_map(|(_, cells)| cells.get(side));
            let widest = cells.map(|cell| cell.to_string().len()).max().unwrap_or(0).max(side.name().len());
            width.insert(*side, widest);
            write!(f, "  {:widest$}  {:>9}  {:>9}", side.name(), "median", "p99")?;
        }
        writeln!(f)?;
        for (name, cells) in &self.rows {
            write!(f, "{name:first$}")?;
            for side in &self.sides {
                let widest = width[side];
                let Some(cell) = cells.get(side) else {
                    write!(f, "  {:widest$}  {:>9}  {:>9}", "-", "", "")?;
                    continue;
                };
                let [median, p99] = [50, 99].map(|part| cell.percentile(part));
                write!(f, "  {:widest$}  {median:>9}  {p99:>9}", cell.to_string())?;
            }
            writeln!(f)?;
        }
        for side in &self.sides {
            let cells: Vec<&Cell> = self.rows.iter().filter_map(|(_, cells)| cells.get(side)).collect();
            let runs: usize = cells.iter().map(|cell| cell.runs()).sum();
            writeln!(f, "{}: {} of {runs} runs not clean", side.name(), self.unclean(*side))?;
        }
        Ok(())
    }
}

impl Cell {
    fn runs(&self) -> usize {
        self.classes.values().sum()
    }

    fn unclean(&self) -> usize {
        self.runs() - self.classes.get(&Class::Clean).copied().unwrap_or(0)
    }

    /// The exit time that this percentage of the runs had at most.
    fn percentile(&self, percent: usize) -> String {
        let rank = (self.exit_times.len() * percent).div_ceil(100);
        let time = rank.checked_sub(1).map(|at| self.exit_times[at]);
        time.map_or_else(|| "-".into(), |time| format!("{:.1} ms", time.as_secs_f64() * 1e3))
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unclean() == 0 {
            return write!(f, "{} clean", self.runs());
        }
        let failures: Vec<_> = self.classes.iter().filter(|(class, _)| **class != Class::Clean).collect();
        let failures: Vec<String> = failures.iter().map(|(class, count)| format!("{count} {class}")).collect();
        write!(f, "{} of {}", failures.join(", "), self.runs())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Cell, Class};

    #[test]
    fn cells() {
        let mut cell = Cell::default();
        assert_eq!(cell.percentile(50), "-");
        cell.exit_times = (1..=10).map(Duration::from_millis).collect();
        assert_eq!(cell.percentile(50), "5.0 ms");
        assert_eq!(cell.percentile(99), "10.0 ms");
        cell.classes.insert(Class::Clean, 10);
        assert_eq!(cell.to_string(), "10 clean");
        cell.classes.extend([(Class::Noisy, 1), (Class::Abort, 2)]);
        assert_eq!(cell.to_string(), "2 abort, 1 noisy of 13");
    }
}
