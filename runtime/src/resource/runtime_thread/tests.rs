//! Messages and replies; the ways in which the thread ends.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc as std_mpsc;
use std::time::{Duration, Instant};

use super::*;
use crate::teardown::{Progress, Teardown};

const GENEROUS: Duration = Duration::from_secs(30);

#[derive(Debug)]
enum Message {
    Add(u64),
    Sum(Reply<u64>),
    Panic(Reply<()>),
    /// A panic that the handler catches.
    Stumble(Reply<()>),
    Forget(Reply<()>),
    /// Blocks until the sender is gone.
    Block(std_mpsc::Receiver<()>),
    Never,
    Return,
}

async fn sum(mut inbox: Inbox<Message>, _stop: StopSignal) {
    let mut sum = 0;
    while let Some(message) = inbox.recv().await {
        match message {
            Message::Add(number) => sum += number,
            Message::Sum(reply) => reply.send(sum),
            Message::Panic(_reply) => panic!("on purpose"),
            Message::Stumble(reply) => {
                let stumble = AssertUnwindSafe(move || -> () {
                    let _reply = reply;
                    panic!("caught on purpose")
                });
                assert!(catch_unwind(stumble).is_err());
            }
            Message::Forget(reply) => drop(reply),
            Message::Block(released) => drop(released.recv()),
            Message::Never => pending().await,
            Message::Return => return,
        }
    }
}

fn adder() -> RuntimeThread<Message> {
    RuntimeThread::spawn("adder", sum).unwrap()
}

fn name(error: &RuntimeThreadError) -> &'static str {
    match error {
        RuntimeThreadError::ChannelClosed { .. } => "closed",
        RuntimeThreadError::ChannelFull { .. } => "full",
        RuntimeThreadError::NoReply { .. } => "no reply",
        RuntimeThreadError::OwnThread { .. } => "own thread",
        RuntimeThreadError::ThreadPanic { .. } => "panic",
        RuntimeThreadError::Timeout { .. } => "timeout",
        RuntimeThreadError::Failed { .. } => "failed",
    }
}

#[tokio::test]
async fn messages_are_handled_in_their_order() {
    let adder = adder();
    adder.send(Message::Add(1)).await.unwrap();
    adder.try_send(Message::Add(2)).unwrap();
    assert_eq!(adder.clone().call(Message::Sum).await.unwrap(), 3);
    let blocking = adder.clone();
    let there = thread::spawn(move || {
        blocking.send_blocking(Message::Add(4)).unwrap();
        blocking.call_blocking(Message::Sum).unwrap()
    });
    assert_eq!(there.join().unwrap(), 7);
    assert!(adder.shutdown(GENEROUS).await.unwrap().is_clean());
    assert!(adder.is_finished());
}

#[test]
fn a_shutdown_handles_what_is_in_the_inbox_and_refuses_the_rest() {
    let adder = adder();
    let (release, released) = std_mpsc::channel();
    adder.try_send(Message::Block(released)).unwrap();
    let (sender, mut sum) = oneshot::channel();
    adder.try_send(Message::Add(5)).unwrap();
    adder.try_send(Message::Sum(Reply::new(sender))).unwrap();
    adder.stop();
    let late = adder.try_send(Message::Add(7)).unwrap_err();
    assert_eq!(name(late.error()), "closed");
    assert!(matches!(late.into_inner(), Message::Add(7)));
    drop(release);
    let report = adder.shutdown_blocking(GENEROUS).unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.name(), "adder");
    assert_eq!(sum.try_recv().unwrap().unwrap(), 5);
    assert_eq!(name(&adder.call_blocking(Message::Sum).unwrap_err()), "closed");
    assert_eq!(adder.shutdown_blocking(Duration::ZERO).unwrap().to_string(), report.to_string(), "once for all");
}

#[tokio::test]
async fn a_full_inbox_makes_senders_wait_until_there_is_room_or_an_end() {
    let adder = RuntimeThread::with_capacity("small", 1, sum).unwrap();
    let (release, released) = std_mpsc::channel();
    adder.send(Message::Block(released)).await.unwrap();
    // The thread takes that one out at some time; this one then has the only place.
    adder.send(Message::Add(1)).await.unwrap();
    assert_eq!(name(adder.try_send(Message::Add(2)).unwrap_err().error()), "full");
    assert_eq!(adder.len(), 1);
    let waiting = adder.send(Message::Add(3));
    let mut waiting = pin!(waiting);
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    adder.stop();
    // Although the thread is blocked, and its inbox not closed yet.
    assert_eq!(name(waiting.await.unwrap_err().error()), "closed");
    drop(release);
    assert!(adder.shutdown(GENEROUS).await.unwrap().is_clean());
}

#[tokio::test]
async fn a_panic_is_told_to_those_who_wait_and_to_the_shutdown() {
    let adder = adder();
    let (release, released) = std_mpsc::channel();
    adder.send(Message::Block(released)).await.unwrap();
    let (first, second) = (adder.call(Message::Panic), adder.call(Message::Sum));
    let (mut first, mut second) = (pin!(first), pin!(second));
    assert!(futures_util::poll!(first.as_mut()).is_pending());
    assert!(futures_util::poll!(second.as_mut()).is_pending(), "it is still in the inbox when the handler panics");
    drop(release);
    for error in [first.await.unwrap_err(), second.await.unwrap_err()] {
        assert_eq!(error.to_string(), "thread `adder` panicked: on purpose");
    }
    let error = adder.send(Message::Add(1)).await.unwrap_err().into_error();
    assert_eq!(error.to_string(), "thread `adder` panicked: on purpose");
    for _ in 0..2 {
        let error = adder.shutdown(GENEROUS).await.unwrap_err();
        assert_eq!(error.to_string(), "thread `adder` panicked: on purpose");
    }
}

#[tokio::test]
async fn a_reply_that_was_dropped_is_no_end() {
    let adder = adder();
    assert_eq!(name(&adder.call(Message::Forget).await.unwrap_err()), "no reply");
    assert_eq!(name(&adder.call(Message::Stumble).await.unwrap_err()), "no reply", "the handler caught its panic");
    assert_eq!(adder.call(Message::Sum).await.unwrap(), 0);
    adder.shutdown(GENEROUS).await.unwrap();
}

#[tokio::test]
async fn a_handler_that_waits_for_ever_is_dropped_when_it_is_late() {
    let adder = adder();
    adder.send(Message::Never).await.unwrap();
    adder.send(Message::Add(1)).await.unwrap();
    let before = Instant::now();
    let error = adder.shutdown(Duration::from_secs(1)).await.unwrap_err();
    assert!(before.elapsed() < GENEROUS);
    assert_eq!(name(&error), "timeout");
    let report = error.report().unwrap();
    assert_eq!(report.outcome().word(), "forced", "{report}");
    assert!(report.to_string().contains("a message was not handled"), "{report}");
    assert!(adder.is_finished());
}

#[test]
fn a_handler_that_blocks_is_named_and_ends_when_it_can() {
    let adder = adder();
    let (release, released) = std_mpsc::channel();
    adder.try_send(Message::Block(released)).unwrap();
    // Until it blocks: what it has taken out makes room.
    while !adder.is_empty() {
        thread::yield_now();
    }
    let error = adder.shutdown_blocking(Duration::from_millis(100)).unwrap_err();
    assert_eq!(name(&error), "timeout");
    let report = error.report().unwrap().to_string();
    assert!(report.contains("the handler of thread `adder` blocks"), "{report}");
    assert!(!adder.is_finished());
    drop(release);
    driver::block_on(&Driver::blocking(), adder.inner.get().unwrap().core.thread.wait());
    assert!(adder.is_finished());
}

#[test]
fn one_that_ends_early_with_messages_left_has_failed() {
    let (go, gone) = std_mpsc::channel::<()>();
    let thread = RuntimeThread::<u64>::spawn("early", async move |inbox, _stop| {
        gone.recv().unwrap();
        drop(inbox);
    })
    .unwrap();
    thread.try_send(1).unwrap();
    thread.try_send(2).unwrap();
    go.send(()).unwrap();
    driver::block_on(&Driver::blocking(), thread.inner.get().unwrap().core.thread.wait());
    assert_eq!(name(&thread.shutdown_blocking(None).unwrap_err()), "closed");

    let adder = adder();
    adder.try_send(Message::Return).unwrap();
    driver::block_on(&Driver::blocking(), adder.inner.get().unwrap().core.thread.wait());
    assert_eq!(name(adder.try_send(Message::Add(1)).unwrap_err().error()), "closed");
    assert!(adder.shutdown_blocking(None).unwrap().is_clean(), "nothing was lost");
}

#[test]
fn an_error_of_the_handler_is_in_the_report() {
    let thread = RuntimeThread::<()>::spawn("failing", async |mut inbox, _stop| {
        let _ = inbox.recv().await;
        Err::<(), _>("the disk is full")
    })
    .unwrap();
    let error = thread.shutdown_blocking(None).unwrap_err();
    assert_eq!(name(&error), "failed");
    assert!(error.report().unwrap().to_string().contains("the disk is full"));
}

#[test]
fn the_thread_does_not_wait_for_itself() {
    let (tell, told) = std_mpsc::channel();
    let (hand, handed) = std_mpsc::channel::<RuntimeThread<u64>>();
    let thread = RuntimeThread::with_capacity("own", 1, async move |mut inbox, _stop| {
        let own = handed.recv().unwrap();
        assert!(own.is_current());
        own.send_blocking(1).unwrap();
        tell.send(name(own.send_blocking(2).unwrap_err().error())).unwrap();
        tell.send(name(&own.call_blocking(|_: Reply<()>| 3).unwrap_err())).unwrap();
        tell.send(name(&own.shutdown_blocking(None).unwrap_err())).unwrap();
        assert_eq!(inbox.recv().await, Some(1));
        assert_eq!(inbox.recv().await, None, "it was asked to stop");
    })
    .unwrap();
    hand.send(thread.clone()).unwrap();
    let answers: Vec<_> = (0..3).map(|_| told.recv_timeout(GENEROUS).unwrap()).collect();
    assert_eq!(answers, ["own thread", "own thread", "timeout"]);
    driver::block_on(&Driver::blocking(), thread.inner.get().unwrap().core.thread.wait());
}

#[tokio::test]
async fn a_dropped_call_is_seen_by_the_handler() {
    let (taken, is_taken) = oneshot::channel();
    let (tell, told) = oneshot::channel();
    let thread = RuntimeThread::<Reply<()>>::spawn("slow", async move |mut inbox, _stop| {
        let mut reply = inbox.recv().await.unwrap();
        assert!(reply.is_wanted());
        taken.send(()).unwrap();
        reply.unwanted().await;
        assert!(!reply.is_wanted());
        tell.send(()).unwrap();
    })
    .unwrap();
    let mut call = Box::pin(thread.call(|reply| reply));
    assert!(futures_util::poll!(call.as_mut()).is_pending());
    is_taken.await.unwrap();
    drop(call);
    told.await.unwrap();
    thread.shutdown(GENEROUS).await.unwrap();
}

#[test]
fn the_last_handle_ends_the_thread() {
    let (alive, ended) = std_mpsc::channel::<()>();
    let thread = RuntimeThread::<()>::spawn("last", async move |mut inbox, _stop| {
        let _alive = alive;
        assert_eq!(inbox.recv().await, None);
    })
    .unwrap();
    drop(thread.clone());
    assert!(matches!(ended.try_recv(), Err(std_mpsc::TryRecvError::Empty)));
    drop(thread);
    assert!(matches!(ended.recv_timeout(GENEROUS), Err(std_mpsc::RecvTimeoutError::Disconnected)));
}

#[tokio::test]
async fn as_a_step_it_has_one_teardown_with_its_own_shutdown() {
    let adder = adder();
    let mut progress = Progress::new("Owner.adder");
    let mut step = adder.clone();
    Teardown::request(&mut step, &mut progress);
    assert_eq!(adder.phase(), Phase::Stopping);
    assert!(Teardown::wait(&mut step, &mut progress).await.is_stopped());
    assert!(adder.shutdown(None).await.unwrap().is_clean());
    assert!(Teardown::detach(&mut step).is_some());
}

#[test]
fn its_tasks_end_with_it() {
    let (alive, ended) = std_mpsc::channel::<()>();
    let thread = RuntimeThread::<()>::spawn("tasks", async move |mut inbox, _stop| {
        drop(tokio::spawn(async move {
            let _alive = alive;
            pending::<()>().await;
        }));
        let _ = inbox.recv().await;
    })
    .unwrap();
    assert!(thread.shutdown_blocking(None).unwrap().is_clean());
    assert!(matches!(ended.try_recv(), Err(std_mpsc::TryRecvError::Disconnected)));
}
