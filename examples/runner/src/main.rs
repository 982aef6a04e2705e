//! The command line of the service.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use runner::{Config, demo, serve};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[derive(Parser)]
#[command(about = "A small workflow service that is shut down by an annotated struct", version)]
struct Cli {
    /// Logs every job and every step of the shutdown
    #[arg(long, short, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows an orderly stop, and one with a stuck job, a panic and a child that ignores SIGTERM: by hand, and annotated
    Demo {
        /// Where a picture of the second report goes
        #[arg(long)]
        svg: Option<PathBuf>,
        /// Prints what is alive, whenever it has changed
        #[arg(long)]
        watch: bool,
    },
    /// Runs until Ctrl-C or SIGTERM; a second one forces
    Serve(Config),
    /// The same service by hand, for the demo
    #[cfg(unix)]
    ByHand(Config),
}

fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    // Where nobody listens, what a shutdown waits for is printed, or drawn on a terminal.
    if cli.verbose {
        let targets = Targets::new().with_targets([("runner", LevelFilter::DEBUG), ("sundown", LevelFilter::DEBUG)]);
        tracing_subscriber::registry().with(fmt::layer().with_writer(std::io::stderr)).with(targets).init();
    }
    match cli.command {
        Command::Demo { svg, watch } => demo::run(svg.as_deref(), watch),
        Command::Serve(config) => Ok(serve::serve(&config).into()),
        #[cfg(unix)]
        Command::ByHand(config) => {
            demo::print_panics();
            runner::by_hand::serve(&config).map(|()| ExitCode::SUCCESS)
        }
    }
}
