//! What is published: licences, pages and features of each package.

use std::process::Command;

use serde_json::Value;

/// What a cargo command prints.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The packages that are published, as cargo reads their manifests.
fn published() -> Vec<Value> {
    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().clone();
    // An empty list of registries is `publish = false`; the examples and tools are not for others either.
    packages.retain(|package| package["publish"].is_null() && package["name"].as_str().unwrap().starts_with("sundown"));
    packages
}

#[test]
fn each_package_has_its_licences_its_page_and_what_a_search_finds() {
    let packages = published();
    assert_eq!(packages.len(), 4, "{packages:?}");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let files = cargo(&["package", "--list", "--allow-dirty", "--package", name]);
        for file in ["LICENSE-MIT", "LICENSE-APACHE", "README.md"] {
            assert!(files.lines().any(|line| line == file), "{name} is packed without {file}:\n{files}");
        }
        for key in ["license", "description", "documentation"] {
            assert!(package[key].is_string(), "{name} has no `{key}`");
        }
        for key in ["keywords", "categories"] {
            assert!((1..=5).contains(&package[key].as_array().unwrap().len()), "{name}: {}", package[key]);
        }
        let folder = package["manifest_path"].as_str().unwrap().strip_suffix("Cargo.toml").unwrap();
        let page = std::fs::read_to_string(format!("{folder}README.md")).unwrap();
        for target in page.split("](").skip(1) {
            assert!(target.starts_with("https://"), "{name}: a link that its page cannot follow: {target:.60}");
        }
    }
}

#[test]
fn the_page_of_the_core_has_the_readmes_example_and_its_features() {
    let [page, readme] = [include_str!("../../runtime/README.md"), include_str!("../../README.md")];
    let example = |text: &'static str| text.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(example(page), example(readme), "the one that is compiled");
    let features = |text: &'static str| text.split("| feature |").nth(1).and_then(|rest| rest.split("\n\n").next());
    assert!(features(readme).is_some_and(|table| table.contains("| `tokio` |")));
    assert_eq!(features(page), features(readme));
}

/// Not every target that has tokio has processes or sockets.
#[test]
fn the_feature_tokio_brings_no_processes_and_no_sockets() {
    let packages = published();
    let core = packages.iter().find(|package| package["name"] == "sundown").unwrap();
    let dependencies = core["dependencies"].as_array().unwrap();
    let tokio = dependencies.iter().find(|found| found["name"] == "tokio" && found["kind"].is_null()).unwrap();
    let brought = [&tokio["features"], &core["features"]["tokio"]].map(|features| features.as_array().unwrap().clone());
    let brought: Vec<&str> = brought.iter().flatten().map(|feature| feature.as_str().unwrap()).collect();
    for feature in ["process", "net", "signal", "fs", "rt-multi-thread", "full"] {
        assert!(!brought.iter().any(|brought| brought.ends_with(feature)), "{brought:?}");
    }
}
