//! A value that is being started: its fields as far as they are set, and what becomes of them if the start fails.
//!
//! The generated builder knows by its type which fields are set, and holds a [`Starting`]. One that is dropped before it is
//! finished leaves its fields to who waits for the start ([`starting_with`]); else they are torn down where and as the
//! drop policy of the value says.

mod error;
mod field;

use std::error::Error;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};

pub use error::StartError;
#[cfg(feature = "run")]
pub(crate) use error::StartReport;
pub use field::{Started, started, started_here};

use crate::driver::catch;
use crate::plan::{Spec, Step};
use crate::sync::lock;
use crate::teardown::{Report, ShutdownError};
use crate::value::entry::Entry;
use crate::value::guard::Guarded;
use crate::value::on_drop;
use crate::value::run::{self, Plan};

/// A type with a generated builder.
pub trait Startable: Guarded + Sized {
    /// Its fields, each a [`Started`].
    type Fields;

    /// The steps, in the order of the spec.
    fn steps(fields: &mut Self::Fields) -> Vec<Step<'_>>;

    /// The entry of the guard, which is made first.
    fn entry(fields: &Self::Fields) -> &Arc<Entry>;
}

/// In the type of a builder: the field was set.
#[derive(Debug)]
pub enum Set {}

/// In the type of a builder: the field was not set yet.
#[derive(Debug)]
pub enum Unset {}

/// The fields of a value that is being started.
///
/// They are boxed: each field that is set changes the type of the builder, and moves it.
pub struct Starting<V: Startable> {
    /// None once it is finished.
    fields: Option<Box<V::Fields>>,
    /// Who waits for the start.
    home: Option<Arc<Home<V>>>,
}

const FINISHED: &str = "a start is finished once, by value";

impl<V: Startable> Starting<V> {
    /// Of these fields the guard alone is set.
    pub fn new(fields: V::Fields) -> Self {
        Starting { fields: Some(Box::new(fields)), home: None }
    }

    /// The fields so far.
    pub fn fields(&self) -> &V::Fields {
        self.fields.as_ref().expect(FINISHED)
    }

    /// The fields so far.
    pub fn fields_mut(&mut self) -> &mut V::Fields {
        self.fields.as_mut().expect(FINISHED)
    }

    /// The fields, to make the value of.
    pub fn finish(mut self) -> V::Fields {
        *self.fields.take().expect(FINISHED)
    }

    /// Where the fields will be if this is dropped.
    pub fn home(&mut self) -> Arc<Home<V>> {
        Arc::clone(self.home.get_or_insert_with(|| Arc::new(Home(Mutex::new(None)))))
    }
}

impl<V: Startable> Drop for Starting<V> {
    fn drop(&mut self) {
        let Some(fields) = self.fields.take() else { return };
        let unfinished = Unfinished(fields);
        if let Some(Home(home)) = self.home.as_deref() {
            // There is none yet: each start has a home of its own.
            *lock(home) = Some(unfinished);
        }
    }
}

/// Where a start that fails leaves its fields, for who waits for it.
pub struct Home<V: Startable>(Mutex<Option<Unfinished<V>>>);

/// The fields of a start that has failed.
struct Unfinished<V: Startable>(Box<V::Fields>);

impl<V: Startable> Unfinished<V> {
    async fn shutdown(&mut self) -> Result<Report, ShutdownError> {
        let entry = Arc::clone(V::entry(&self.0));
        let plan = Plan { spec: spec::<V>(), steps: V::steps(&mut self.0) };
        run::shutdown_steps(&entry, plan, None, "the start failed").await
    }
}

fn spec<V: Guarded>() -> &'static Spec {
    V::SPEC
}

impl<V: Startable> Drop for Unfinished<V> {
    fn drop(&mut self) {
        let entry = Arc::clone(V::entry(&self.0));
        on_drop::unfinished(&entry, V::steps(&mut self.0));
    }
}

/// The generated `starting_with`: a panic of `f` goes on after the shutdown.
pub async fn starting_with<V, B, F, E>(home: Arc<Home<V>>, builder: B, f: F) -> Result<V, StartError>
where
    V: Startable,
    F: AsyncFnOnce(B) -> Result<V, E>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let output = match catch(f(builder)).await {
        Ok(Ok(value)) => return Ok(value),
        output => output,
    };
    let unfinished = lock(&home.0).take();
    let report = match unfinished {
        Some(mut unfinished) => unfinished.shutdown().await.unwrap_or_else(ShutdownError::into_report),
        // It was finished, or moved to somewhere else.
        None => Report::new(spec::<V>().name),
    };
    match output {
        Ok(Ok(_)) => unreachable!("returned above"),
        Ok(Err(error)) => Err(StartError::new(error, report)),
        Err(payload) => resume_unwind(payload),
    }
}
