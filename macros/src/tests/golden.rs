//! The expansions of `tests/expand/*.rs`, kept beside them as `*.expanded.rs` and reviewed like code.
//!
//! `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use super::expand_item;

#[test]
fn golden_expansions_are_as_reviewed() {
    let bless = std::env::var_os("SUNDOWN_BLESS").is_some();
    let mut differing = Vec::new();
    for input in inputs() {
        let source = fs::read_to_string(&input).expect("the input can be read");
        let file = syn::parse_file(&source).expect("the input is Rust");
        let items = file.items.into_iter().map(expand_item).collect();
        let expanded = syn::parse2(items).expect("the expansion is Rust");
        let expanded = format!(
            "// Written by `SUNDOWN_BLESS=1 cargo test -p sundown-macros golden`.\n\n{}",
            prettyplease::unparse(&expanded)
        );
        let golden = input.with_extension("expanded.rs");
        if bless {
            fs::write(&golden, &expanded).expect("the golden file can be written");
        } else if fs::read_to_string(&golden).unwrap_or_default() != expanded {
            differing.push(golden.file_name().unwrap_or_default().to_owned());
        }
    }
    assert!(differing.is_empty(), "these are out of date, or wrong: {differing:?}; SUNDOWN_BLESS=1 writes them anew");
}

/// `tests/expand/figures.sh` prints it; the number is stated in the docs of `must_shutdown`.
#[test]
fn golden_of_ten_resources_stays_small() {
    let golden = directory().join("ten_resources.expanded.rs");
    let lines = fs::read_to_string(golden).expect("the golden file is there").lines().count();
    assert!(lines <= 260, "ten resources expand to {lines} lines, with the struct, its docs and those of its methods");
}

fn inputs() -> Vec<PathBuf> {
    let entries =
        fs::read_dir(directory()).expect("the directory is there").map(|entry| entry.expect("it can be read").path());
    let mut inputs: Vec<PathBuf> = entries.filter(|path| is_input(path)).collect();
    inputs.sort();
    assert!(inputs.len() >= 35, "the inputs are where they were");
    inputs
}

fn is_input(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".rs") && !name.ends_with(".expanded.rs")
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/expand")
}
