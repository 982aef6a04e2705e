//! The layers of the crates: a module imports from its own layer or a lower one, and never in a circle.
//!
//! A module with children is one thing with them: they may use what its own file defines.
//!
//! The imports are read from the tokens of the source files, so nothing has to be built. Code for tests may import anything.

mod circles;
mod imports;
mod modules;

use std::path::Path;

use anyhow::{Result, ensure};

use self::modules::{Import, Modules};
use crate::cargo::root;

/// A crate with layers.
struct Layered {
    /// The folder with its `lib.rs`, from the workspace's root.
    root: &'static str,
    /// Its top-level modules, lowest first. `lib.rs` is above all.
    layers: &'static [&'static str],
}

/// The table. `docs/ARCHITECTURE.md` shows the same one, and a test compares them.
const CRATES: &[Layered] = &[
    Layered { root: "macros/src", layers: &["attr", "model", "emit"] },
    Layered {
        root: "runtime/src",
        layers: &[
            "sync", "host", "driver", "teardown", "observe", "plan", "value", "resource", "root", "rt", "internal",
            "testing",
        ],
    },
    Layered {
        root: "python/src",
        layers: &[
            "interpreter",
            "error",
            "bridge",
            "install",
            "runtime",
            "asyncio",
            "event_loop",
            "object",
            "async_main",
            "shim",
            "rt",
        ],
    },
];

/// Checks every crate in the table.
///
/// # Errors
///
/// If an import goes up or lies on a circle, or the table does not fit the modules.
pub(crate) fn check() -> Result<String> {
    let mut faults = Vec::new();
    for Layered { root: folder, layers } in CRATES {
        let modules = Modules::read(&root().join(folder))?;
        faults.extend(self::faults(&modules, layers).into_iter().map(|fault| format!("{folder}: {fault}")));
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    ensure!(faults.is_empty(), "{} faults, such as: {}", faults.len(), faults[0]);
    Ok(format!("{} crates", CRATES.len()))
}

/// What is wrong with the imports of one crate.
fn faults(modules: &Modules, layers: &[&str]) -> Vec<String> {
    let mut faults = table_faults(modules, layers);
    let imports = modules.imports();
    // `lib.rs` has no name, and a module that is not in the table is reported already.
    let rank = |module: &Path| match module.iter().next() {
        None => Some(layers.len()),
        Some(top) => layers.iter().position(|layer| top == *layer),
    };
    let (upward, level): (Vec<&Import>, Vec<&Import>) =
        imports.iter().partition(|import| match (rank(&import.from), rank(&import.to)) {
            (Some(from), Some(to)) => from < to,
            _ => false,
        });
    faults.extend(upward.iter().map(|import| {
        format!("{} imports `{}` from the higher {}", name(&import.from), import.written, name(&import.to))
    }));
    let circles = circles::between_files(&level);
    let circles = if circles.is_empty() { circles::between_siblings(&level) } else { circles };
    faults.extend(circles.into_iter().map(|circle| {
        let steps = circle.iter().map(|step| format!("{} (`{}`)", name(&step.from), step.written));
        format!("a circle: {} -> {}", steps.collect::<Vec<_>>().join(" -> "), name(&circle[0].from))
    }));
    faults
}

fn table_faults(modules: &Modules, layers: &[&str]) -> Vec<String> {
    let top = modules.top_level();
    let absent = layers.iter().filter(|layer| !top.iter().any(|module| module == *layer));
    let unknown = top.iter().filter(|module| !layers.contains(&module.as_str()));
    let absent = absent.map(|layer| format!("the table has the layer `{layer}`, and there is no such module"));
    let unknown = unknown.map(|module| format!("the module `{module}` is in no layer: add it to the table"));
    absent.chain(unknown).collect()
}

/// A module as the messages call it.
fn name(module: &Path) -> String {
    if module.as_os_str().is_empty() { "`lib.rs`".to_owned() } else { format!("`{}`", module.display()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: &[&str] = &["low", "high"];

    fn faults_of(files: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut all = vec![("lib.rs", "mod low; mod high; pub use crate::high::Top; pub use low::a::A;")];
        all.extend_from_slice(files);
        if !files.iter().any(|(path, _)| *path == "low.rs") {
            all.push(("low.rs", "pub mod a; pub mod b;"));
        }
        all.extend([("high.rs", "use crate::low::a::A; pub struct Top(A);")]);
        faults(&Modules::of(all), LAYERS)
    }

    #[test]
    fn the_workspace_keeps_its_layers() {
        check().expect("no import goes up or round in a circle");
    }

    #[test]
    fn the_documentation_shows_the_table() {
        let text = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("it is there");
        for Layered { root, layers } in CRATES {
            let layers: Vec<String> = layers.iter().map(|layer| format!("`{layer}`")).collect();
            let row = format!("| `{root}` | {} |", layers.join(" < "));
            assert!(text.lines().any(|line| line == row), "ARCHITECTURE.md must have the line: {row}");
        }
    }

    #[test]
    fn imports_down_and_beside_are_allowed() {
        let found = faults_of(&[
            ("low/a.rs", "use super::b::B; pub struct A(B);"),
            ("low/b.rs", "pub struct B;"),
            ("lib.rs", "mod low; mod high; use crate::high::Top;"),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn an_upward_import_is_a_fault_however_it_is_written() {
        for written in [
            "use crate::high::Top;",
            "use crate::{high::Top as Other};",
            "use super::super::high;",
            "use crate::Top;",
            "fn f() { crate::high::Top::new() }",
            "fn f() { println!(\"{}\", crate::high::top()) }",
            "mod inner { use super::super::super::high; }",
            "macro_rules! m { () => { $crate::high::top() } }",
            "#[cfg(not(test))] use crate::high::Top;",
        ] {
            let found = faults_of(&[("low/a.rs", written), ("low/b.rs", "")]);
            assert_eq!(found.len(), 1, "{written}: {found:?}");
            assert!(found[0].starts_with("`low/a` imports `"), "{found:?}");
            assert!(found[0].ends_with("` from the higher `high`"), "{found:?}");
        }
    }

    #[test]
    fn an_item_of_the_crates_root_is_above_all() {
        let found = faults_of(&[("low/a.rs", "use crate::DEFINED_THERE;"), ("low/b.rs", "")]);
        assert_eq!(found, ["`low/a` imports `crate::DEFINED_THERE` from the higher `lib.rs`"]);
    }

    #[test]
    fn what_is_no_import_is_no_fault() {
        for written in [
            "// use crate::high::Top;",
            "const TEXT: &str = \"crate::high::Top\";",
            "pub(in crate::high) struct A;",
            "use ::high::Top; use high::Other;",
            "#[cfg(test)] use crate::{high::Top, high};",
            "#[cfg(test)] mod tests { use crate::high::Top; }",
            "#[cfg(test)] #[must_use] fn f<A, B>() -> A { crate::high::top() }",
            "struct S { #[cfg(test)] top: crate::high::Top, other: u8 }",
            "#[cfg(all(test, sundown_loom))] fn f() -> crate::high::Top { crate::high::top() }",
            "#[cfg(test)] mod tests;",
            "#![cfg(test)] use crate::high::Top;",
        ] {
            let tests = ("low/a/tests.rs", "use crate::high::Top;");
            assert_eq!(faults_of(&[("low/a.rs", written), ("low/b.rs", ""), tests]), [""; 0], "{written}");
        }
    }

    #[test]
    fn a_circle_is_a_fault_and_is_reported_once() {
        let found = faults_of(&[("low/a.rs", "use super::b::B;"), ("low/b.rs", "fn f() { crate::low::a::f() }")]);
        assert_eq!(found, ["a circle: `low/a` (`super::b::B`) -> `low/b` (`crate::low::a::f`) -> `low/a`"]);
    }

    #[test]
    fn a_module_and_its_children_may_use_each_other() {
        let found = faults_of(&[
            ("low.rs", "pub mod a; pub mod b; use self::a::A; fn f() { b::f() } pub struct Low;"),
            ("low/a.rs", "use super::Low;"),
            ("low/b.rs", "use crate::low::Low;"),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_circle_through_a_module_by_its_name_is_a_fault() {
        let found = faults_of(&[
            ("low.rs", "mod a; mod b;"),
            ("low/a.rs", "mod inner; fn f() { inner::f() }"),
            ("low/a/inner.rs", "use crate::low::b::B;"),
            ("low/b.rs", "use super::a::A;"),
        ]);
        let circle = "`low/a` (`inner::f`) -> `low/a/inner` (`crate::low::b::B`) -> `low/b` (`super::a::A`) -> `low/a`";
        assert_eq!(found, [format!("a circle: {circle}")]);
    }

    #[test]
    fn a_reexport_stands_for_what_it_names() {
        let found = faults_of(&[
            ("low.rs", "pub mod a; pub mod b; pub use self::a::A;"),
            ("low/a.rs", ""),
            ("low/b.rs", "use crate::low::A; use crate::A as Other;"),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn folders_that_import_each_other_are_a_circle_too() {
        let found = faults_of(&[
            ("low/a.rs", "mod x; mod y;"),
            ("low/a/x.rs", "use crate::low::b::z::Z;"),
            ("low/a/y.rs", ""),
            ("low/b.rs", "mod z; mod w;"),
            ("low/b/z.rs", ""),
            ("low/b/w.rs", "use crate::low::a::y::Y;"),
        ]);
        assert_eq!(found, ["a circle: `low/a` (`crate::low::b::z::Z`) -> `low/b` (`crate::low::a::y::Y`) -> `low/a`"]);
    }

    #[test]
    fn the_table_must_fit_the_modules() {
        let modules =
            Modules::of([("lib.rs", "mod low; mod other; #[cfg(test)] mod tests;"), ("low.rs", ""), ("other.rs", "")]);
        assert_eq!(
            faults(&modules, LAYERS),
            [
                "the table has the layer `high`, and there is no such module",
                "the module `other` is in no layer: add it to the table",
            ]
        );
    }
}
