//! A process that has a tree of its own, for `tests/process_tree.rs`: with a daemon, whose id it prints.

use std::process::Stdio;

use sundown::Process;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut command = Command::new("sh");
    command.args(["-c", "setsid sh -c 'setsid sleep 1000 & echo $!'; sleep 1000"]).stdout(Stdio::piped());
    let process = Process::spawn_tree("inner", command).unwrap();
    let mut output = BufReader::new(process.stdout().unwrap()).lines();
    println!("daemon {}", output.next_line().await.unwrap().unwrap());
    println!("ready");
    std::future::pending::<()>().await; // a signal ends it, and no destructor runs
}
