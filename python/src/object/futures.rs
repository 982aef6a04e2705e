//! The futures of an object: its shutdown stops them before everything else.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::Mutex;

use sundown::Tasks;

use crate::internal::host::fork::PerProcess;
use crate::internal::plan::{Spec, StepSpec};
use crate::internal::sync::lock;

/// What a guard has spawned.
#[derive(Clone, sundown::Teardown)]
pub(super) struct Futures {
    #[shutdown(request = drop_all)]
    pub(super) cancelled: Tasks,
    #[shutdown]
    pub(super) drained: Tasks,
}

impl Futures {
    pub(super) fn at(location: &'static Location<'static>) -> Self {
        Futures { cancelled: Tasks::at(location), drained: Tasks::at(location) }
    }
}

fn drop_all(tasks: &Tasks) {
    tasks.close();
    tasks.cancel();
    tasks.abort_present();
}

/// What is said of a class whose guard has spawned: the futures are stopped first, and listed last.
pub(super) fn spec(class: &'static Spec) -> &'static Spec {
    /// One for each class, by its address: they are as many as there are classes.
    static MADE: PerProcess<Mutex<BTreeMap<usize, &'static Spec>>> = PerProcess::new(Mutex::default);
    let address = std::ptr::from_ref(class).addr();
    lock(MADE.get()).entry(address).or_insert_with(|| Box::leak(Box::new(with_futures(class))))
}

fn with_futures(class: &'static Spec) -> Spec {
    let last: &[usize] = Box::leak(Box::new([class.steps.len()]));
    let behind = |step: &StepSpec| StepSpec { after: if step.after.is_empty() { last } else { step.after }, ..*step };
    let name: &str = Box::leak(format!("{}.guard", class.name).into_boxed_str());
    let own = StepSpec { name, after: &[], timeout: None, judges: &[] };
    let steps: Vec<StepSpec> = class.steps.iter().map(behind).chain([own]).collect();
    Spec { steps: Box::leak(steps.into_boxed_slice()), ..*class }
}
