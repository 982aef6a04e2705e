//! The shapes of structs: generics, lifetimes, tuples, raw identifiers, `cfg`, other derives, macros by example.

use std::fmt::Debug;
use std::time::Duration;

use sundown::{Outcome, Progress, Report, ShutdownGuard, Tasks, Teardown, Wait, must_shutdown};

/// The names of the steps in the order in which they were asked.
fn order(report: &Report) -> Vec<&str> {
    let mut steps: Vec<_> = report.steps().iter().collect();
    steps.sort_by_key(|step| step.requested_after());
    steps.iter().map(|step| step.name()).collect()
}

/// A resource of a type that a user wrote.
#[derive(Debug, Default)]
struct Mine;

impl Teardown for Mine {
    fn request(&mut self, _progress: &mut Progress) {}

    fn wait<'a>(&'a mut self, _progress: &'a mut Progress) -> Wait<'a> {
        Box::pin(async { Outcome::Stopped })
    }

    fn force(&mut self, _progress: &mut Progress) {}
}

/// Docs of its own, above and below.
#[must_shutdown(timeout = "1m 30s")]
/// And more.
#[derive(Debug)]
pub(crate) struct Generic<T: Teardown + Send, U, const N: usize = 2>
where
    U: Debug + Clone,
{
    /// A documented field.
    #[shutdown]
    pub(crate) inner: T,
    #[shutdown(after = inner)]
    many: [Mine; N],
    pub(in crate::shapes) label: U,
    guard: ShutdownGuard<Self>,
}

#[test]
fn generics_and_const_generics() {
    let mut value = Generic { inner: Mine, many: [Mine, Mine, Mine], label: "x", guard: ShutdownGuard::new() };
    let report = value.shutdown_blocking().unwrap();
    assert_eq!(order(&report), ["Generic.inner", "Generic.many"]);
    assert_eq!(value.label, "x");
}

#[allow(explicit_outlives_requirements)] // bounds must work too
#[must_shutdown]
struct Borrowing<'a, 'b: 'a, T>
where
    T: 'b,
{
    #[shutdown(with = async |names| names.clear())]
    names: &'a mut Vec<&'b str>,
    #[shutdown]
    tasks: &'a Tasks,
    value: Option<&'b T>,
    guard: ShutdownGuard<Self>,
}

#[test]
fn lifetimes() {
    let (mut names, tasks) = (vec!["a"], Tasks::new());
    let mut value = Borrowing { names: &mut names, tasks: &tasks, value: Some(&1), guard: ShutdownGuard::new() };
    value.shutdown_blocking().unwrap();
    assert!(value.value.is_some());
    drop(value);
    assert!(names.is_empty());
}

#[must_shutdown]
struct Tuple<T: Teardown + Send>(
    #[shutdown(after = [2, 1])] T,
    #[shutdown] Mine,
    #[shutdown(after = 1)] Mine,
    u8,
    ShutdownGuard<Self>,
);

#[test]
fn tuple_structs() {
    let mut value = Tuple(Mine, Mine, Mine, 3, ShutdownGuard::new());
    assert_eq!(order(&value.shutdown_blocking().unwrap()), ["Tuple.1", "Tuple.2", "Tuple.0"]);
    assert_eq!(value.3, 3);
}

#[must_shutdown]
struct r#Raw {
    #[shutdown(after = r#type)]
    r#async: Mine,
    #[shutdown]
    r#type: Mine,
    guard: ShutdownGuard<Self>,
}

#[test]
fn raw_identifiers() {
    let mut value = r#Raw { r#async: Mine, r#type: Mine, guard: ShutdownGuard::new() };
    assert_eq!(order(&value.shutdown_blocking().unwrap()), ["Raw.type", "Raw.async"]);
}

#[must_shutdown]
struct Configured {
    #[shutdown]
    jobs: Mine,
    #[cfg(any())]
    #[shutdown(after = jobs)]
    never: NoSuchType,
    #[cfg(not(any()))]
    #[shutdown(after = jobs)]
    always: Mine,
    #[cfg_attr(any(), shutdown(after = never))]
    #[cfg_attr(not(any()), shutdown(after = always))]
    last: Mine,
    #[cfg(any())]
    forgotten: Tasks,
    guard: ShutdownGuard<Self>,
}

#[test]
fn fields_with_a_cfg() {
    let mut value = Configured { jobs: Mine, always: Mine, last: Mine, guard: ShutdownGuard::new() };
    assert_eq!(order(&value.shutdown_blocking().unwrap()), ["Configured.jobs", "Configured.always", "Configured.last"]);
}

/// A struct made by a macro by example, from fragments of another hygiene.
macro_rules! structure {
    ($(#[$meta:meta])* $vis:vis $name:ident { $($field:ident: $type:ty = $with:expr),* }) => {
        $(#[$meta])*
        #[must_shutdown]
        $vis struct $name {
            #[shutdown]
            first: Mine,
            $(#[shutdown(after = first, with = $with)] $field: $type,)*
            guard: ShutdownGuard<Self>,
        }
    };
}

structure!(
    #[derive(Debug)]
    pub(crate) FromMacro { second: Option<Vec<u8>> = async |value: Vec<u8>| drop(value), third: Vec<u8> = |value: &mut Vec<u8>| {
        value.clear();
        async {}
    } }
);

#[test]
fn structs_from_a_macro_by_example() {
    let mut value = FromMacro { first: Mine, second: Some(vec![1]), third: vec![1], guard: ShutdownGuard::new() };
    assert_eq!(order(&value.shutdown_blocking().unwrap())[0], "FromMacro.first");
    assert!(value.second.is_none() && value.third.is_empty());
}

type Watched<T> = ShutdownGuard<T>;

#[must_shutdown]
struct Aliased {
    #[shutdown]
    jobs: Mine,
    #[shutdown(guard)]
    watched: Watched<Aliased>,
}

#[test]
fn a_guard_behind_an_alias() {
    let mut value = Aliased { jobs: Mine, watched: ShutdownGuard::new() };
    value.shutdown_blocking().unwrap();
    assert_eq!(value.watched.phase(), sundown::Phase::Finished);
}

#[derive(Teardown, Debug)]
#[teardown(name = "Parts", timeout = LIMIT)]
struct Inner<T: Teardown + Send> {
    #[shutdown]
    first: T,
    #[shutdown(after = first, timeout = "1h")]
    second: Option<Box<Mine>>,
    label: &'static str,
}

const LIMIT: Duration = Duration::from_secs(2);

#[must_shutdown(name = "The owner", timeout = Duration::MAX)]
struct Owner {
    #[shutdown(timeout = LIMIT)]
    inner: Inner<Mine>,
    guard: ShutdownGuard<Self>,
}

#[test]
fn a_derived_struct_inside_an_annotated_one() {
    let inner = Inner { first: Mine, second: None, label: "" };
    let mut value = Owner { inner, guard: ShutdownGuard::new() };
    let report = value.shutdown_blocking().unwrap();
    assert_eq!(order(&report), ["The owner.inner"]);
    let inner: Vec<&str> = report.steps()[0].steps().iter().map(|step| step.name()).collect();
    assert_eq!(inner, ["The owner.inner.first", "The owner.inner.second"]);
    assert_eq!(value.inner.label, "");
}

#[test]
fn a_struct_in_a_function() {
    #[must_shutdown]
    struct Local {
        #[shutdown]
        jobs: Mine,
        guard: ShutdownGuard<Self>,
    }
    Local { jobs: Mine, guard: ShutdownGuard::new() }.shutdown_blocking().unwrap();
}

/// What must not be taken for a resource.
#[must_shutdown]
struct Bystanders<T> {
    #[shutdown]
    jobs: Mine,
    orders: tokio::sync::mpsc::Sender<u8>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    flags: std::sync::Arc<std::sync::Mutex<tokio::sync::watch::Sender<bool>>>,
    value: T,
    values: Vec<T>,
    pointer: *const u8,
    function: for<'a> fn(&'a str) -> &'a str,
    text: Box<dyn Debug + Send>,
    marker: std::marker::PhantomData<Tasks>,
    unsized_behind: Box<[u8]>,
    guard: ShutdownGuard<Self>,
}

#[test]
fn senders_and_data_are_no_resources() {
    let mut value = Bystanders {
        jobs: Mine,
        orders: tokio::sync::mpsc::channel(1).0,
        stop: None,
        flags: Default::default(),
        value: 1,
        values: vec![1],
        pointer: std::ptr::null(),
        function: |text| text,
        text: Box::new(1),
        marker: std::marker::PhantomData,
        unsized_behind: Box::new([]),
        guard: ShutdownGuard::new(),
    };
    value.shutdown_blocking().unwrap();
    let Bystanders { orders, stop, flags, values, pointer, function, text, marker, unsized_behind, .. } = &value;
    let _ = (orders, stop, flags, value.value, values, pointer, function, text, marker, unsized_behind);
}
