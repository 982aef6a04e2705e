//! The tests of the core under ThreadSanitizer and AddressSanitizer. std is built with them too: else they would not see its
//! locks.

use super::tests_of_core::{Selection, test};
use crate::cargo::root;
use crate::metadata::Metadata;
use crate::steps::Steps;

/// A sanitizer, and what it runs.
struct Sanitizer {
    /// What rustc and the tool call it.
    name: &'static str,
    /// Variables for its options; `{folder}` is that of the suppressions.
    options: &'static [(&'static str, &'static str)],
    /// Tests that it does not run, by their program and name. The reason is beside each.
    left_out: &'static [(&'static str, &'static str)],
}

const SANITIZERS: [Sanitizer; 2] = [
    Sanitizer {
        name: "thread",
        options: &[("TSAN_OPTIONS", "second_deadlock_stack=1 suppressions={folder}/thread-suppressions.txt")],
        left_out: &[
            // It leaves no descriptor free, without which the names are not read by which a suppression works.
            ("http_descriptors", "it_waits_for_descriptors_and_goes_on"),
            // Its leak check finds the program that reads the names, which is started when something is suppressed.
            ("starting_leaks", "nothing_is_left_of_a_start_that_fails_at_any_field"),
        ],
    },
    // What is leaked at the end of a program makes it fail, too.
    Sanitizer {
        name: "address",
        options: &[
            ("ASAN_OPTIONS", "detect_leaks=1"),
            ("LSAN_OPTIONS", "suppressions={folder}/leak-suppressions.txt print_suppressions=0"),
        ],
        left_out: &[],
    },
];

/// For all of them. The names of functions are enough in a backtrace: with lines, each one takes seconds.
const ENVIRONMENT: [(&str, &str); 2] = [("CARGO_PROFILE_DEV_DEBUG", "0"), ("RUST_BACKTRACE", "0")];

/// Where threads meet, for `test --full`. The other programs take several times as long, and run the same code.
pub(super) const FEW: &[&str] =
    &["lib", "drop_by_place", "plain_threads", "process", "reaper", "registry", "root", "sharing", "tasks", "thread"];

/// These programs with tests of the core, or all of them if there are none, under each sanitizer.
pub(super) fn run(programs: &[&str], metadata: &Metadata, steps: &mut Steps) {
    for sanitizer in &SANITIZERS {
        sanitizer.run(programs, metadata, steps);
    }
}

impl Sanitizer {
    fn run(&self, programs: &[&str], metadata: &Metadata, steps: &mut Steps) {
        let folder = root().join("xtask/src/platforms").display().to_string();
        let options = self.options.iter().map(|(name, value)| (*name, value.replace("{folder}", &folder)));
        let environment =
            ENVIRONMENT.map(|(name, value)| (name, value.to_owned())).into_iter().chain(options).collect();
        let selection = Selection { programs, environment, left_out: self.left_out };
        steps.run(format!("{} sanitizer", self.name), || test(self.name, &selection, metadata));
    }
}
