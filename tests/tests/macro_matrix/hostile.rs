//! Lints that a user's crate may deny. Clippy's are checked when clippy runs on this package.

#![deny(warnings, clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(rust_2018_idioms, nonstandard_style)]
#![deny(
    ambiguous_negative_literals,
    closure_returning_async_block,
    deref_into_dyn_supertrait,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    impl_trait_redundant_captures,
    let_underscore_drop,
    macro_use_extern_crate,
    meta_variable_misuse,
    missing_abi,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    redundant_imports,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unsafe_code,
    unused_extern_crates,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]

use std::fmt::{Debug, Write as _};

use sundown::{ShutdownGuard, Tasks, Teardown, must_shutdown};

/// A pool.
#[derive(Debug, Default)]
struct Pool {
    open: bool,
}

impl Pool {
    async fn close(&mut self) -> Result<(), std::io::Error> {
        self.open = false;
        std::future::ready(Ok(())).await
    }

    fn stop(&mut self) -> Result<(), std::fmt::Error> {
        self.open = false;
        write!(String::new(), "stopped")
    }
}

/// A struct with everything.
#[must_shutdown(timeout = "1m 30s", on_drop = "wait", name = "Everything", starting)]
#[derive(Debug)]
struct Everything<'a, T: Debug + Send, const N: usize> {
    /// Jobs.
    #[shutdown]
    jobs: Tasks,
    /// A pool.
    #[shutdown(after = jobs, timeout = "10s", with = Pool::close, request = Pool::stop, force = |pool| pool.open = false)]
    pool: Pool,
    /// Perhaps a pool.
    #[shutdown(with = async |mut pool| pool.close().await)]
    spare: Option<Pool>,
    /// Parts.
    #[shutdown(after = [pool, jobs])]
    parts: [Parts; N],
    /// A value.
    value: &'a T,
    /// The guard.
    guard: ShutdownGuard<Self>,
}

/// Parts.
#[derive(Debug, Teardown)]
struct Parts {
    /// Jobs.
    #[shutdown]
    jobs: Tasks,
}

/// A shared struct.
#[must_shutdown(shared, timeout = "1s")]
#[derive(Debug)]
struct Hub {
    #[shutdown(request = Tasks::close)]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

/// Never made, and its methods never called.
#[must_shutdown(manual)]
#[derive(Debug)]
struct Hand {
    #[shutdown]
    value: u8,
    guard: ShutdownGuard<Self>,
}

#[tokio::test]
async fn hostile_lints() {
    let mut everything = Everything {
        jobs: Tasks::new(),
        pool: Pool { open: true },
        spare: None,
        parts: [Parts { jobs: Tasks::new() }],
        value: &1,
        guard: ShutdownGuard::new(),
    };
    let report = everything.shutdown().await.expect("all stop");
    assert!(report.is_clean() && !everything.pool.open && *everything.value == 1);
    let hub = Hub { jobs: Tasks::new(), guard: ShutdownGuard::new() };
    assert!(hub.shutdown().await.is_ok());
    let hand = Hand { value: 1, guard: ShutdownGuard::new() };
    hand.guard.dismiss();
    assert_eq!(hand.value, 1);
}
