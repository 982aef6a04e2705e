#!/bin/sh
# What ten resources cost: the lines of the expansion, and the lines of LLVM IR that they add to a debug build.
# Usage: tests/expand/figures.sh
#
# The IR is counted as cargo-llvm-lines does it, before any optimisation: the lines of function bodies.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}/figures
input=$root/tests/expand/ten_resources.rs

expanded=$(grep -cv -e '^ *///' -e '^//' -e '^$' "$root/tests/expand/ten_resources.expanded.rs")
written=$(grep -c . "$input")
echo "expanded lines, without docs: $expanded, of which written: $written"

crate() { # name, attributes or not, body of main
    dir=$target/$1
    mkdir -p "$dir/src"
    cp "$root/Cargo.lock" "$dir/Cargo.lock"
    cat >"$dir/Cargo.toml" <<TOML
[package]
name = "$1"
version = "0.0.0"
edition = "2024"
[workspace]
[dependencies]
sundown = { path = "$root/runtime" }
tokio = { version = "1", features = ["rt", "process"] }
tokio-util = "0.7"
TOML
    {
        cat <<'RUST'
#![allow(dead_code, unused_imports)]
use sundown::{ShutdownGuard, Tasks, Teardown, Thread, must_shutdown};
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
pub type Cache = Tasks;
pub type Database = Tasks;
pub type Log = Tasks;
RUST
        if [ "$2" = with ]; then
            cat "$input"
        else
            sed -e '/#\[must_shutdown\]/d' -e '/#\[shutdown.*\]/d' -e '/guard:/d' "$input"
        fi
        echo "pub fn make() -> Service { std::hint::black_box(None::<Service>).unwrap() }"
        echo "fn main() { $3 }"
    } >"$dir/src/main.rs"
    (cd "$dir" && CARGO_TARGET_DIR=$target/build cargo rustc --quiet -- \
        --emit=llvm-ir -Cno-prepopulate-passes -Cpasses=name-anon-globals -Ccodegen-units=1 -Cdebuginfo=0)
    ir=$(ls -t "$target"/build/debug/deps/"$1"-*.ll | head -n 1)
    awk '/^define /{inside=1} inside && NF && !/^ *;/{lines++} /^}/{inside=0} END{print lines}' "$ir"
}

plain=$(crate plain without 'drop(make())')
dropped=$(crate dropped with 'drop(make())')
used=$(crate used with '
    let mut service = make();
    service.request_shutdown();
    let _ = service.shutdown_blocking();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let _ = service.shutdown().await;
        let _ = service.shutdown_within(std::time::Duration::from_secs(1)).await;
        let _ = service.with_shutdown(async |_| ()).await;
    })')
runtime=$(crate runtime without 'let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { drop(make()) })')
echo "LLVM lines that the annotation adds: $((dropped - plain)) if the value is only made and dropped,"
echo "$((used - runtime)) if every generated method is called"
