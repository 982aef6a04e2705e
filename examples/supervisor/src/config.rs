//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// A small system manager that is shut down by an annotated struct: until Ctrl-C or SIGTERM; a second signal forces
#[derive(Parser)]
#[command(version)]
pub(crate) struct Config {
    /// One of each kind misbehaves: a task, a Python child, a grandchild, a thread of a pool
    #[arg(long)]
    pub(crate) bad: bool,
    /// The folder of the spool, the archive and the journal
    #[arg(long, default_value = "target/supervisor")]
    data: PathBuf,
    /// The address of the status endpoint; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}

impl Config {
    /// Every file that is moved here is counted.
    pub(crate) fn spool(&self) -> PathBuf {
        self.data.join("spool")
    }

    /// Files that are being counted.
    pub(crate) fn claimed(&self) -> PathBuf {
        self.data.join("claimed")
    }

    /// Files that were counted.
    pub(crate) fn archive(&self) -> PathBuf {
        self.data.join("archive")
    }

    /// What all parts of this run have to say.
    pub(crate) fn journal(&self) -> PathBuf {
        self.data.join("journal.log")
    }
}
