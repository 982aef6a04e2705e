//! Builders of structs of every form.

use std::marker::PhantomData;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use sundown::{CancellationToken, ShutdownGuard, StartError, Tasks, Teardown, must_shutdown};
use sundown_tests::Spy;

/// The defaults and bounds are the struct's own.
#[must_shutdown(starting)]
struct Generic<'a, T: Teardown + Send + 'static, const N: usize = 2, U = u8>
where
    U: Clone,
{
    #[shutdown]
    one: T,
    #[shutdown(after = one)]
    many: [T; N],
    #[shutdown(with = async |pool: &mut &'a str| assert_eq!(*pool, "pool"))]
    borrowed: &'a str,
    plain: U,
    none: PhantomData<(T, U)>,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn a_generic_struct() {
    let pool = "pool".to_owned();
    let start = Generic::<Tasks>::starting().one(Tasks::new()).many([Tasks::new(), Tasks::new()]);
    let start = start.borrowed(&pool).plain(3).none(PhantomData);
    let mut value = start.finish();
    assert_eq!(value.plain, 3);
    value.shutdown().await.unwrap();

    let error = Generic::<_, 1, String>::starting_with(async |start| {
        let _start = start.one(Spy::released()).borrowed(&pool);
        Err::<Generic<'_, Spy, 1, String>, _>("half-way")
    })
    .await
    .err()
    .unwrap();
    assert!(error.report().is_clean(), "{error:?}");
    drop(Generic::<_, 1, String>::starting().one(Spy::released()).borrowed(&pool));
}

/// Field types that name `Self`, raw names, names of ours, and values that stay on their thread.
#[must_shutdown(starting)]
struct Names {
    #[shutdown]
    r#type: Tasks,
    #[shutdown(after = r#type, with = Self::close, request = |value: &mut u8| *value += 1)]
    value: u8,
    fields: Weak<Self>,
    #[shutdown(skip)]
    start: CancellationToken,
    deref: Rc<()>,
    guard: ShutdownGuard<Self>,
}

impl Names {
    async fn close(value: &mut u8) {
        assert_eq!(*value, 8);
    }
}

#[tokio::test]
async fn names_of_every_kind() {
    let start = Names::starting().r#type(Tasks::new()).value(7).fields(Weak::new());
    let start = start.start(CancellationToken::new()).deref(Rc::new(()));
    let mut names = start.finish();
    assert!(names.fields.upgrade().is_none() && !names.start.is_cancelled() && Rc::strong_count(&names.deref) == 1);
    names.shutdown().await.unwrap();
    let failed: Result<Names, StartError> = Names::starting_with(async |start| {
        let _start = start.value(7).deref(Rc::new(()));
        Err("half-way")
    })
    .await;
    assert!(failed.err().unwrap().report().is_clean());
}

#[must_shutdown(starting, shared, name = "Other", methods = "stop")]
struct Shared {
    #[shutdown]
    tasks: Tasks,
    #[shutdown(with = async |value: &u8| assert_eq!(*value, 7))]
    value: u8,
    #[cfg(any())]
    #[shutdown]
    absent: Absent,
    #[cfg_attr(all(), shutdown)]
    present: Tasks,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn a_shared_struct() {
    let start = Shared::starting().tasks(Tasks::new()).value(7).present(Tasks::new());
    let value = Arc::new(start.finish());
    value.stop().await.unwrap();
    let failed = Shared::starting_with(async |start| {
        drop(start.value(7));
        Err::<Shared, _>("half-way")
    });
    let report = failed.await.err().unwrap().into_report();
    assert!(report.find("Other.value").unwrap().outcome().is_stopped(), "{report}");
}

mod elsewhere {
    use super::*;

    #[must_shutdown(starting)]
    pub(super) struct Visible {
        #[shutdown]
        pub(super) tasks: Tasks,
        pub(super) plain: Private,
        pub(super) guard: ShutdownGuard<Self>,
    }

    #[derive(Default)]
    pub(super) struct Private;
}

#[tokio::test]
async fn the_visibility_is_that_of_the_fields() {
    let mut value = elsewhere::Visible::starting().tasks(Tasks::new()).plain(elsewhere::Private).finish();
    let _: &elsewhere::Private = &value.plain;
    value.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_start_can_be_spawned() {
    let started = tokio::spawn(Shared::starting_with(async |start| {
        let start = start.tasks(Tasks::new());
        tokio::task::yield_now().await;
        Ok::<_, std::io::Error>(start.value(7).present(Tasks::new()).finish())
    }));
    started.await.unwrap().unwrap().stop().await.unwrap();
}

/// Of each pair one name could be taken for the other's, or for one that is generated.
#[must_shutdown(starting)]
struct Form {
    #[shutdown]
    jobs: Tasks,
    jobs_is_set: bool,
    worker1: u8,
    worker_1: u8,
    _worker_1: u8,
    r#type: u8,
    type_: u8,
    form_fields: u8,
    form_starting: u8,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn names_that_are_nearly_the_same() {
    let start = Form::starting().jobs(Tasks::new()).jobs_is_set(true).worker1(1).worker_1(2)._worker_1(3);
    let mut form = start.r#type(4).type_(5).form_fields(6).form_starting(7).finish();
    assert!(form.jobs_is_set);
    let others = [form.worker1, form.worker_1, form._worker_1, form.r#type, form.type_];
    assert_eq!((others, form.form_fields, form.form_starting), ([1, 2, 3, 4, 5], 6, 7));
    form.shutdown().await.unwrap();
}
