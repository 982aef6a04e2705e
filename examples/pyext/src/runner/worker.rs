//! The thread that the service lives on, and the messages that it gets.

use std::time::Duration;

use pyo3::prelude::*;
use runner::{Config, Store};
use sundown_python::{Inbox, Reply, StopSignal};

use super::job::Job;
use super::workflow::Workflow;

pub(super) enum Message {
    /// Start a service. Its tasks stay here, no matter who has the service.
    Start(Config, Reply<anyhow::Result<runner::Runner>>),
    /// Run a workflow, beside what runs already.
    Run { workflow: Workflow, store: Store, timeout: Duration, reply: Reply<PyResult<Vec<Job>>> },
}

/// Carries out one message after another until it should stop.
pub(super) async fn serve(mut inbox: Inbox<Message>, _stop: StopSignal) {
    while let Some(message) = inbox.recv().await {
        match message {
            Message::Start(config, reply) => reply.send(runner::Runner::start(&config).await.map_err(Into::into)),
            Message::Run { workflow, store, timeout, reply } => {
                tokio::spawn(run(workflow, store, timeout, reply));
            }
        }
    }
}

/// A caller who is interrupted (Ctrl-C) wants no reply any more: the step under way goes on, the next ones are not begun.
async fn run(workflow: Workflow, store: Store, timeout: Duration, mut reply: Reply<PyResult<Vec<Job>>>) {
    tokio::select! {
        jobs = workflow.run(&store, timeout) => reply.send(jobs),
        () = reply.unwanted() => {}
    }
}
