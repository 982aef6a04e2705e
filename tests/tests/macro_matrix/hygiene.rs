//! Names in the user's code that are also names in ours.

/// A module without a prelude, in which every name that we might use means something else.
mod shadowed {
    #![no_implicit_prelude]
    #![allow(dead_code, unused_macros, unreachable_pub, non_camel_case_types, non_upper_case_globals)]

    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Result;
    pub struct Ok;
    pub struct Err;
    pub struct Box;
    pub struct Vec;
    pub struct String;
    pub struct Duration;
    pub struct Send;
    pub struct Sync;
    pub struct Drop;
    pub struct Fn;
    pub struct AsyncFnOnce;
    pub struct Pin;
    pub struct Future;
    pub struct Teardown;
    pub struct Progress;
    pub struct Wait;
    pub struct Report;
    pub struct Step;
    pub struct T;
    pub struct F;
    pub struct u32;
    pub struct str;
    pub struct bool;
    pub mod core {}
    pub mod std {}
    pub mod alloc {}
    pub mod sundown {}
    pub mod __rt {}
    pub fn drop() {}
    pub fn timeout() {}
    macro_rules! vec {
        () => {
            compile_error!("shadowed")
        };
    }
    macro_rules! panic {
        () => {
            compile_error!("shadowed")
        };
    }
    macro_rules! unreachable {
        () => {
            compile_error!("shadowed")
        };
    }

    /// A resource.
    #[derive(::std::default::Default)]
    pub struct Pool;

    impl Pool {
        async fn close(&self) {}
        fn stop(&self) -> ::core::result::Result<(), &'static ::core::primitive::str> {
            ::core::result::Result::Ok(())
        }
    }

    #[::sundown::must_shutdown(timeout = "1s", on_drop = "log")]
    pub struct Runner {
        #[shutdown]
        pub jobs: ::sundown::Tasks,
        #[shutdown(after = jobs, with = Pool::close, request = Pool::stop, force = |_| {})]
        pub pool: Pool,
        #[shutdown(with = async |pool| pool.close().await)]
        pub option: ::core::option::Option<Pool>,
        #[shutdown]
        pub inner: Inner,
        pub config: Option,
        pub guard: ::sundown::ShutdownGuard<Self>,
    }

    #[derive(::sundown::Teardown)]
    #[teardown(timeout = "1s")]
    pub struct Inner {
        #[shutdown]
        pub jobs: ::sundown::Tasks,
        pub config: Vec,
    }

    #[::sundown::must_shutdown(shared)]
    pub struct Hub {
        #[shutdown]
        pub jobs: ::sundown::Tasks,
        #[shutdown(with = Pool::close, request = |pool| pool.stop())]
        pub pool: Pool,
        pub guard: ::sundown::ShutdownGuard<Self>,
    }

    #[::sundown::must_shutdown(manual)]
    pub struct Hand {
        #[shutdown]
        pub value: bool,
        pub guard: ::sundown::ShutdownGuard<Self>,
    }
}

use sundown::{ShutdownGuard, Tasks};

#[tokio::test]
async fn shadowed_names_and_no_prelude() {
    let mut runner = shadowed::Runner {
        jobs: Tasks::new(),
        pool: shadowed::Pool,
        option: Some(shadowed::Pool),
        inner: shadowed::Inner { jobs: Tasks::new(), config: shadowed::Vec },
        config: shadowed::Option,
        guard: ShutdownGuard::new(),
    };
    runner.request_shutdown();
    assert!(runner.shutdown().await.unwrap().is_clean());
    let hub = shadowed::Hub { jobs: Tasks::new(), pool: shadowed::Pool, guard: ShutdownGuard::new() };
    assert!(hub.shutdown().await.unwrap().is_clean());
    let hand = shadowed::Hand { value: shadowed::bool, guard: ShutdownGuard::new() };
    hand.guard.dismiss();
}

/// The crate under another name, below a module.
mod vendored {
    pub(crate) mod deep {
        pub(crate) use ::sundown as renamed;
    }
}

mod renamed {
    /// Nothing here.
    mod sundown {}

    use super::vendored::deep::renamed::{ShutdownGuard, Tasks, Teardown, must_shutdown};

    #[must_shutdown(crate = crate::hygiene::vendored::deep::renamed)]
    pub(super) struct Runner {
        #[shutdown]
        pub(super) inner: Inner,
        pub(super) guard: ShutdownGuard<Self>,
    }

    #[derive(Teardown)]
    #[teardown(crate = super::vendored::deep::renamed)]
    pub(super) struct Inner {
        #[shutdown]
        pub(super) jobs: Tasks,
    }
}

#[test]
fn the_crate_under_another_path() {
    let inner = renamed::Inner { jobs: Tasks::new() };
    let mut runner = renamed::Runner { inner, guard: ShutdownGuard::new() };
    assert!(runner.shutdown_blocking().unwrap().is_clean());
}

/// The macro of another crate, which names `sundown` by its `$crate`.
mod dollar_crate {
    mod sundown {}

    sundown_tests::annotated!(pub(super) struct Runner);
}

#[test]
fn the_crate_by_dollar_crate() {
    let mut runner = dollar_crate::Runner { jobs: Tasks::new(), pool: 1, guard: ShutdownGuard::new() };
    assert!(runner.shutdown_blocking().unwrap().is_clean());
}

/// Fields and functions with the names of our locals.
mod locals {
    use sundown::{ShutdownGuard, Tasks, must_shutdown};

    pub(super) fn value() -> u8 {
        1
    }

    #[must_shutdown]
    pub(super) struct Locals {
        #[shutdown]
        pub(super) progress: Tasks,
        #[shutdown(after = progress, with = async |error| *error += value())]
        pub(super) value: u8,
        pub(super) error: u8,
        pub(super) timeout: u8,
        pub(super) guard: ShutdownGuard<Self>,
    }
}

#[test]
fn names_of_our_locals() {
    let mut value =
        locals::Locals { progress: Tasks::new(), value: 1, error: 1, timeout: 1, guard: ShutdownGuard::new() };
    assert!(value.shutdown_blocking().unwrap().is_clean());
    assert_eq!((value.value, value.error + value.timeout), (2, 2 * locals::value()));
}
