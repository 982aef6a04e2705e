//! The house style of our error messages, checked on every one that a UI test has seen.

use std::fs;
use std::path::Path;

/// The messages in a `.stderr`: line 1, and the lines that follow it up to the place.
fn messages(stderr: &str) -> Vec<Vec<String>> {
    let mut messages: Vec<Vec<String>> = Vec::new();
    let mut inside = false;
    for line in stderr.lines() {
        if let Some(what) = line.strip_prefix("error: ") {
            messages.push(vec![what.to_owned()]);
            inside = true;
        } else if line.trim_start().starts_with("-->") {
            inside = false;
        } else if inside && let Some(message) = messages.last_mut() {
            message.push(line.trim().to_owned());
        }
    }
    messages
}

#[test]
fn our_errors_are_in_the_house_style() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [here.join("../tests/ui/ours"), here.join("../tests/ui/python")];
    let mut seen = 0;
    for entry in folders.iter().flat_map(|folder| fs::read_dir(folder).expect("the directory is there")) {
        let path = entry.expect("it can be read").path();
        if path.extension().is_none_or(|extension| extension != "stderr") {
            continue;
        }
        for message in messages(&fs::read_to_string(&path).expect("it can be read")) {
            seen += 1;
            let (what, rest) = message.split_first().expect("a message has a line");
            assert!(what.chars().count() <= 80, "{path:?}: line 1 has more than 80 columns: {what}");
            assert!(!what.ends_with('.'), "{path:?}: a full stop: {what}");
            assert!(!what.starts_with(char::is_uppercase), "{path:?}: capitalised: {what}");
            for forbidden in ["please", "Please", "?"] {
                assert!(!message.iter().any(|line| line.contains(forbidden)), "{path:?}: {forbidden}: {message:?}");
            }
            for kind in ["note: ", "help: "] {
                assert!(rest.iter().filter(|line| line.starts_with(kind)).count() <= 1, "{path:?}: two of {kind}");
            }
            assert!(
                rest.iter().all(|line| line.starts_with("note: ") || line.starts_with("help: ")),
                "{path:?}: {rest:?}"
            );
        }
    }
    assert!(seen >= 40, "only {seen} messages were found");
}
