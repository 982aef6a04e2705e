//! What the crate for Python is built on, by the paths that it has here. No semver.
//!
//! Nothing here knows of Python: it is what another host of the core would need too.

/// Locks and what is built on them.
pub mod sync {
    pub use crate::sync::{gate, latch, lock, mailbox, quietly};
}

/// This process.
pub mod host {
    pub use crate::host::{exit, fork, user_threads};
}

/// Clocks and alarms.
pub mod driver {
    pub use crate::driver::{Driver, FOREVER, RuntimeContext, block_on, run};
}

/// For implementations of `Teardown`.
pub mod teardown {
    pub use crate::teardown::{by_ref, outcome};
}

/// Events.
pub mod observe {
    pub use crate::observe::{complain, finished, in_span};
}

/// Plans by hand.
pub mod plan {
    pub use crate::plan::{Spec, Step, StepSpec, run_together, worst};
}

/// Guarded values.
pub mod value {
    pub use crate::value::{audit, detached, entry, guard, nodes, on_drop, reaper, run};
}

/// Services.
pub mod resource {
    pub use crate::resource::joiner;
    #[cfg(feature = "tokio")]
    pub use crate::resource::owned;
}
