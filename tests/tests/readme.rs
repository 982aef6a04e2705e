//! The example of the README compiles: it stands, to the letter, in a file that the UI tests compile.

#[test]
fn the_readmes_example_is_the_compiled_one() {
    let readme = include_str!("../../README.md");
    let compiled = include_str!("../ui/pass/readme.rs");
    let example = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (_, rest) = compiled.split_once("// README {\n").unwrap();
    let (code, _) = rest.split_once("// }\n").unwrap();
    assert_eq!(example, code);
}
