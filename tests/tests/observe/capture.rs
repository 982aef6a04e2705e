//! What a tracing subscriber sees.

use std::cell::RefCell;
use std::io;
use std::sync::Once;
use std::sync::mpsc::Sender;

thread_local! {
    static CAPTURED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static RELEASES: RefCell<Option<(&'static str, Sender<()>)>> = const { RefCell::new(None) };
}

/// Writes to the thread's own buffer: the tests run side by side, and tracing's callsite cache is the process's, so a
/// subscriber per test would miss events.
struct ThisThread;

impl io::Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CAPTURED.with_borrow_mut(|captured| captured.extend_from_slice(bytes));
        // The sender is dropped with it.
        RELEASES.with_borrow_mut(|releases| {
            releases.take_if(|(text, _)| String::from_utf8_lossy(bytes).contains(*text));
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Drops `release` once this thread has an event with this text.
pub(crate) fn releases_at(text: &'static str, release: Sender<()>) {
    RELEASES.set(Some((text, release)));
}

/// Each test begins with it, or with [`capture`]: an event that another thread meets for the first time while the subscriber is
/// set may be off for good.
pub(crate) fn subscribe() {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .with_writer(|| ThisThread)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// What tracing sees on this thread while `make` runs.
pub(crate) fn capture(make: impl FnOnce()) -> String {
    subscribe();
    CAPTURED.take();
    make();
    String::from_utf8(CAPTURED.take()).unwrap()
}
