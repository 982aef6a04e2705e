//! What there is without any feature: plain threads, the blocking driver, and the async one on the reaper's alarms.
//!
//! It is run with `--no-default-features` too, where nothing of tokio is compiled into `sundown`.

use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use sundown::{ShutdownGuard, Thread, must_shutdown};

#[must_shutdown(timeout = "30s", on_drop = "log")]
struct Pipeline {
    #[shutdown]
    reader: Thread,
    #[shutdown(after = reader)]
    writer: Thread,
    #[shutdown(after = writer)]
    bare: Option<thread::JoinHandle<()>>,
    guard: ShutdownGuard<Self>,
}

/// Whether the writer was asked after the reader had ended.
fn pipeline(stuck: Option<mpsc::Receiver<()>>) -> (Pipeline, mpsc::Receiver<&'static str>) {
    let (tell, told) = mpsc::channel();
    let reader = Thread::spawn("reader", {
        let tell = tell.clone();
        move |stop| {
            stop.wait();
            tell.send("reader").unwrap();
        }
    });
    let writer = Thread::spawn("writer", move |stop| {
        stop.wait();
        if let Some(stuck) = stuck {
            let _ = stuck.recv();
        }
        let _ = tell.send("writer");
    });
    let bare = Some(thread::spawn(|| ()));
    (Pipeline { reader: reader.unwrap(), writer: writer.unwrap(), bare, guard: ShutdownGuard::new() }, told)
}

#[test]
fn blocking() {
    let (mut pipeline, told) = pipeline(None);
    let report = pipeline.shutdown_blocking().unwrap();
    assert_eq!(told.iter().collect::<Vec<_>>(), ["reader", "writer"]);
    assert_eq!(report.steps().len(), 3);
}

/// The smallest executor there is.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(std::sync::Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn under_any_executor() {
    let (mut pipeline, told) = pipeline(None);
    assert!(block_on(pipeline.shutdown()).unwrap().is_clean());
    assert_eq!(told.iter().count(), 2);
}

/// Without tokio's timer, the deadline comes from the reaper thread.
#[test]
fn a_deadline_under_any_executor() {
    let (release, stuck) = mpsc::channel();
    let (mut pipeline, _told) = pipeline(Some(stuck));
    // The third step has half a second of it, for a thread that has ended.
    let error = block_on(pipeline.shutdown_within(Duration::from_secs(3))).unwrap_err();
    assert!(error.to_string().contains("thread `writer` ignores its stop signal"), "{error}");
    assert!(error.report().find("Pipeline.bare").unwrap().outcome().is_stopped(), "{error}");
    drop(release);
}

#[test]
fn a_drop_hands_over() {
    let (pipeline, told) = pipeline(None);
    drop(pipeline);
    let order: Vec<_> = told.iter().collect();
    assert_eq!(order, ["reader", "writer"], "the reaper keeps the order");
}
