//! How `/proc` is read: its numbered entries, and the line that it has of a process or a thread.

use std::str::FromStr;
use std::{fs, io};

/// The entries of a directory that are numbers.
pub(crate) fn numbers<T: FromStr>(directory: &str) -> io::Result<Vec<T>> {
    Ok(fs::read_dir(directory)?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

/// A line of `/proc/…/stat`: `12 (a name) S 1 …`.
pub(crate) struct StatLine<'a> {
    pub(crate) name: &'a str,
    behind: Vec<&'a str>,
}

impl<'a> StatLine<'a> {
    /// The name may have blanks and parentheses of its own; what follows the last one is separated by blanks.
    pub(crate) fn parse(line: &'a str) -> Option<Self> {
        let (start, rest) = line.rsplit_once(')')?;
        let (_, name) = start.split_once('(')?;
        Some(StatLine { name, behind: rest.split_ascii_whitespace().collect() })
    }

    /// A field behind the name, by its number in proc(5): 3 and up.
    pub(crate) fn field<T: FromStr>(&self, number: usize) -> Option<T> {
        self.behind.get(number.checked_sub(3)?)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::StatLine;

    #[test]
    fn a_name_may_have_blanks_and_parentheses() {
        let line = StatLine::parse("12 (a) b (c) S 7 11 -1").unwrap();
        assert_eq!((line.name, line.field(3), line.field(4)), ("a) b (c", Some('S'), Some(7)));
        assert_eq!((line.field(6), line.field::<u32>(6), line.field(7)), (Some(-1), None, None::<i32>));
    }
}
