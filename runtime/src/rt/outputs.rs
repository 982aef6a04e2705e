//! What the task or the thread in a field returns: whether that is a `Result` with an error that can be told.
//!
//! As in the probe for forgotten fields, the expansion names the field's type in `OutputOf::<Type>::JUDGE`: the
//! constant of the inherent impl is found where its bounds hold, elsewhere that of [`NoOutput`].

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::marker::PhantomData;

use crate::teardown::output::{Judge, judge};
use crate::value::{Later, Shared};

/// Asks what a field's tasks return.
pub struct OutputOf<T: ?Sized>(PhantomData<T>);

/// The answer for a type of which nothing is known.
pub trait NoOutput {
    /// What looks at an output.
    const JUDGE: Option<Judge> = None;
}

impl<T: ?Sized> NoOutput for OutputOf<T> {}

impl<F, T, E> OutputOf<F>
where
    F: HasOutput<Output = Result<T, E>> + ?Sized,
    T: 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    /// What looks at an output.
    pub const JUDGE: Option<Judge> = Some(judge::<T, E>);
}

/// The handle of something that returns a value, or a holder of such handles.
pub trait HasOutput {
    /// What it returns.
    type Output;
}

macro_rules! handles {
    ($($handle:ty),+) => {$(
        impl<T> HasOutput for $handle {
            type Output = T;
        }
    )+};
}

macro_rules! holders {
    ($([$($generics:tt)*] $holder:ty),+ $(,)?) => {$(
        impl<T: HasOutput, $($generics)*> HasOutput for $holder {
            type Output = T::Output;
        }
    )+};
}

handles!(std::thread::JoinHandle<T>);
#[cfg(feature = "tokio")]
handles!(tokio::task::JoinHandle<T>, tokio::task::JoinSet<T>);
holders!([] Option<T>, [] Box<T>, [] Vec<T>, [const N: usize] [T; N]);
holders!([K, S] HashMap<K, T, S>, [K] BTreeMap<K, T>, [] Shared<T>, [] Later<T>);
