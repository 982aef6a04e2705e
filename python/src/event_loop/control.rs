//! What stops one loop: its state, and the commands that it takes.

use std::sync::{Arc, Mutex};

use crate::event_loop::command::{Command, Runner};
use crate::event_loop::state::LoopState;
use crate::event_loop::stop_queue::{self, QueueState, Stoppable};
use crate::internal::host::user_threads::Owner;
use crate::internal::sync::latch::Latch;

/// The parts of a loop that a teardown uses.
#[derive(Debug)]
pub(super) struct LoopControl {
    pub(super) state: Arc<LoopState>,
    pub(super) runner: Arc<Runner>,
    /// By when the teardown gives up.
    pub(super) owner: Arc<Owner>,
}

impl LoopControl {
    /// Sends the loop a command. A loop that is blocked does not get it. Never blocks, and does not attach.
    pub(super) fn send(&self, command: Command) {
        if let Some(bridge) = self.state.bridge() {
            self.runner.send(&bridge, command);
        }
    }

    /// No call begins any more, and what runs is cancelled when it is the loop's turn.
    pub(super) fn stop_in_turn(self: &Arc<Self>) {
        self.state.close();
        stop_queue::join(self);
    }

    /// No call begins any more, and what runs is cancelled.
    pub(super) fn stop(&self) {
        self.state.close();
        self.send(Command::Stop);
    }
}

impl Stoppable for LoopControl {
    fn queue_state(&self) -> &Mutex<QueueState> {
        &self.state.queue
    }

    fn is_stopping(&self) -> bool {
        self.state.is_stopping()
    }

    fn drained(&self) -> &Latch {
        &self.state.drained
    }

    fn send_stop(&self) {
        self.send(Command::Stop);
    }
}
