//! What once went wrong: drops that said nothing of what they forced.

use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use sundown::{Memo, Outcome, ShutdownGuard, Teardown, Wait, must_shutdown};
use sundown_tests::{Pinned, Spy, What};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);
impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Value {
    #[shutdown]
    pinned: Pinned,
    guard: ShutdownGuard<Self>,
}

/// 28. Everything that is left cannot be moved out, and its force panics.
#[tokio::test]
async fn a_drop_says_what_it_forced_and_what_panicked() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let _set = tracing::subscriber::set_default(subscriber);
    let pinned = Pinned(Spy::panicking());
    let mut v = Value { pinned: pinned.clone(), guard: ShutdownGuard::new() };
    {
        let mut half = Box::pin(v.shutdown());
        assert!(poll_fn(|cx| Poll::Ready(half.as_mut().poll(cx).is_pending())).await);
    }
    drop(v);
    assert!(pinned.0.moves().contains(&What::Forced));
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("a force that panics"), "nothing says so:\n{text}");
}

/// 29. A `detach` that panics.
struct Clings(Spy);
impl Teardown for Clings {
    fn request(&mut self, memo: &mut Memo) {
        self.0.request(memo);
    }
    fn wait<'a>(&'a mut self, memo: &'a mut Memo) -> Wait<'a> {
        self.0.wait(memo)
    }
    fn force(&mut self, memo: &mut Memo) {
        self.0.force(memo);
    }
    fn detach(&mut self) -> Option<Box<dyn Teardown + Send>> {
        panic!("it clings")
    }
}
#[must_shutdown(timeout = "2s", on_drop = "log")]
struct Clinging {
    #[shutdown]
    a: Clings,
    guard: ShutdownGuard<Self>,
}
#[test]
fn a_detach_that_panics_is_told() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let _set = tracing::subscriber::set_default(subscriber);
    drop(Clinging { a: Clings(Spy::new()), guard: ShutdownGuard::new() });
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("it clings"), "nothing says so:\n{text}");
    let _ = Outcome::Stopped;
}
