//! A scenario: a Python program, and what its header says of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::outcome::Ending;
use crate::cargo::root;

/// A program in `tests/exit-stress/scenarios`. Its header, the comment that it begins with, says in `key: value` lines
/// what a clean run is; the other lines of the header are for the reader.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The file's; of a variant with its words: `busy_callback-tasks-2`.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// What the program is given, as `sys.argv[1:]`: the words of the variant.
    pub(crate) arguments: Vec<String>,
    /// `variants:` words, of which each run gets one; of several such lines it gets one word of each, in all combinations.
    variants: Vec<Vec<String>>,
    /// `exit:` a code, or the signal that the process dies of. 0, if it is not said.
    pub(crate) ending: Ending,
    /// `stdout:` one line of what the program prints; as many as there are such lines.
    pub(crate) stdout: Vec<String>,
    /// `stderr:` what the program may print there, `…` for anything. Nothing, if it is not said.
    pub(crate) stderr: Vec<String>,
    /// `module: sundown_demo` where that of `examples/pyext` is imported.
    pub(crate) needs_demo: bool,
    /// `peer: no` where the twin cannot do the like.
    pub(crate) has_peer: bool,
    /// `seconds:` after which it hangs. 10, if it is not said.
    pub(crate) patience: Duration,
    /// `runs:` how often the test command runs it, each variant, on each interpreter: less for what is slow. 20, if it is
    /// not said.
    pub(crate) runs_in_tests: usize,
}

/// How often the test command runs a scenario whose header does not say.
const RUNS_IN_TESTS: usize = 20;

/// The scenarios whose names contain one of these; all, if none is given.
///
/// # Errors
///
/// If a header is wrong.
pub(crate) fn named(names: &[String]) -> Result<Vec<Scenario>> {
    let mut paths: Vec<PathBuf> =
        folder().join("scenarios").read_dir()?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    paths.sort();
    let all: Vec<Scenario> = paths.iter().map(|path| Scenario::read(path)).collect::<Result<_>>()?;
    let wanted = |scenario: &Scenario| names.is_empty() || names.iter().any(|name| scenario.name.contains(name));
    Ok(all.iter().flat_map(Scenario::expanded).filter(wanted).collect())
}

/// `tests/exit-stress`.
pub(crate) fn folder() -> PathBuf {
    root().join("tests").join("exit-stress")
}

impl Scenario {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self::parse(name, path.to_owned(), &text).with_context(|| path.display().to_string())
    }

    fn parse(name: String, path: PathBuf, text: &str) -> Result<Self> {
        let mut scenario = Scenario {
            name,
            path,
            arguments: vec![],
            variants: vec![],
            ending: Ending::Code(0),
            stdout: vec![],
            stderr: vec![],
            needs_demo: false,
            has_peer: true,
            patience: Duration::from_secs(10),
            runs_in_tests: RUNS_IN_TESTS,
        };
        for line in text.lines() {
            let Some(line) = line.strip_prefix('#') else { break };
            // A key is one word; a line of prose with a colon in it does not begin with one.
            let Some((key, value)) = line.trim().split_once(": ") else { continue };
            match key {
                "exit" => scenario.ending = value.parse()?,
                "stdout" => scenario.stdout.push(value.to_owned()),
                "stderr" => scenario.stderr.push(value.replace("\\n", "\n")),
                "module" if value == "sundown_demo" => scenario.needs_demo = true,
                "module" => bail!("unknown module `{value}` in the header"),
                "peer" => scenario.has_peer = !value.starts_with("no"),
                "seconds" => scenario.patience = Duration::from_secs(value.parse()?),
                "runs" => scenario.runs_in_tests = value.parse()?,
                "variants" => scenario.variants.push(value.split_whitespace().map(str::to_owned).collect()),
                key if key.contains(' ') => {}
                key => bail!("unknown key `{key}` in the header"),
            }
        }
        ensure!(!scenario.stdout.is_empty(), "the header must say what the program prints: `# stdout: done`");
        Ok(scenario)
    }

    /// Itself, or one for each of its variants.
    fn expanded(&self) -> Vec<Self> {
        self.variants.iter().fold(vec![self.clone()], |scenarios, words| {
            let with = |scenario: &Self, word: &String| {
                let mut variant = scenario.clone();
                variant.name = format!("{}-{word}", scenario.name);
                variant.arguments.push(word.clone());
                variant
            };
            scenarios.iter().flat_map(|scenario| words.iter().map(move |word| with(scenario, word))).collect()
        })
    }

    /// Whether the program may print this to stderr.
    pub(crate) fn expects(&self, stderr: &str) -> bool {
        let stderr = stderr.trim();
        stderr.is_empty() || self.stderr.iter().any(|pattern| matches(pattern, stderr))
    }
}

/// Whether the text is the pattern with something for each `…`.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::{Ending, Scenario, matches};

    fn parse(text: &str) -> anyhow::Result<Scenario> {
        Scenario::parse("it".into(), PathBuf::new(), text)
    }

    #[test]
    fn headers() {
        let scenario =
            parse("# It ends: at once.\n#\n# exit: SIGINT\n# stdout: a\n# stdout: b\n# seconds: 7\n\n# peer: no\n");
        let scenario = scenario.unwrap();
        assert_eq!(scenario.ending, Ending::Signal(2));
        assert_eq!(scenario.stdout, ["a", "b"]);
        assert_eq!(scenario.patience, Duration::from_secs(7));
        assert!(scenario.has_peer, "the header has ended before that line");
        assert_eq!(parse("# exits: 0\n").unwrap_err().to_string(), "unknown key `exits` in the header");
        assert!(parse("# exit: 0\n").is_err(), "a program that prints nothing proves nothing");
    }

    #[test]
    fn variants() {
        let named = |scenario: &Scenario| (scenario.name.clone(), scenario.arguments.join(" "));
        let all = |text| parse(text).unwrap().expanded().iter().map(named).collect::<Vec<_>>();
        assert_eq!(all("# stdout: a\n"), [("it".into(), String::new())]);
        let expected = [("it-a-1", "a 1"), ("it-a-2", "a 2"), ("it-b-1", "b 1"), ("it-b-2", "b 2")];
        let expected = expected.map(|(name, arguments)| (name.to_owned(), arguments.to_owned()));
        assert_eq!(all("# stdout: a\n# variants: a b\n# variants: 1 2\n# runs: 3\n"), expected);
        assert_eq!(parse("# stdout: a\n# runs: 3\n").unwrap().runs_in_tests, 3);
    }

    #[test]
    fn patterns() {
        assert!(matches("Traceback…KeyboardInterrupt", "Traceback:\n  a\nKeyboardInterrupt"));
        assert!(!matches("Traceback…KeyboardInterrupt", "Traceback:\n  a\nKeyboardInterrupt\nFatal Python error"));
        assert!(!matches("Traceback…KeyboardInterrupt", "thread panicked\nTraceback:\n  a\nKeyboardInterrupt"));
        assert!(matches("a…b…c", "a1b2c") && !matches("a…b…c", "a1c2b"));
        assert!(matches("a", "a") && !matches("a", "ab"));
        assert!(!matches("ab…bc", "abc"), "no character stands for two");
    }
}
