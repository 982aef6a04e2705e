//! systemd, over the socket that `NOTIFY_SOCKET` names: `sd_notify(3)`.
//!
//! A manager that does not read blocks who sends, and a shutdown has a budget: so a thread of its own sends, and the root
//! waits for it only at the end, for a moment.

use std::fmt::Display;
use std::io;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use tokio::runtime::Handle;

use crate::observe;
use crate::sync::lock;

/// What a process that has used up its budget takes until the signals' thread has ended it, with a margin.
const BEYOND: Duration = Duration::from_secs(3);

/// How long the end of the process waits for a manager that does not read.
const FLUSHED_WITHIN: Duration = Duration::from_millis(200);

/// The thread that sends, if there is a systemd.
pub(in super::super) struct ServiceManager(Option<Messenger>);

struct Messenger {
    messages: Sender<Message>,
    /// Disconnected once all was sent.
    ended: Mutex<Receiver<()>>,
}

enum Message {
    Ready,
    Stopping {
        reason: String,
        within: Duration,
    },
    /// The runtime has run a task.
    Alive,
    /// The last one.
    End(Option<String>),
}

impl ServiceManager {
    /// Starts the thread if `NOTIFY_SOCKET` is set. The watchdog is asked of the runtime around the caller.
    pub(in super::super) fn connect() -> Self {
        if std::env::var_os("NOTIFY_SOCKET").is_none() {
            return ServiceManager(None);
        }
        let started = Messenger::start(Handle::try_current().ok());
        if let Err(error) = &started {
            observe::complain(&format!("systemd is not notified: {error}"));
        }
        ServiceManager(started.ok())
    }

    /// `READY=1`; and from now on `WATCHDOG=1`, if the unit has a watchdog.
    pub(in super::super) fn ready(&self) {
        self.send(Message::Ready);
    }

    /// `STOPPING=1`, and that it may take so long whatever the `TimeoutStopSec=` of the unit.
    pub(in super::super) fn stopping(&self, reason: &dyn Display, within: Duration) {
        self.send(Message::Stopping { reason: reason.to_string(), within });
    }

    /// The process ends. `systemctl status` shows the first line of `exit`.
    pub(in super::super) fn end(&self, exit: &dyn Display) {
        let summary = exit.to_string().lines().next().map(str::to_owned);
        self.send(Message::End(summary));
        if let Some(messenger) = &self.0 {
            // That systemd does not read is no reason not to end.
            let _ = lock(&messenger.ended).recv_timeout(FLUSHED_WITHIN);
        }
    }

    fn send(&self, message: Message) {
        if let Some(messenger) = &self.0 {
            let _ = messenger.messages.send(message);
        }
    }
}

impl Messenger {
    fn start(runtime: Option<Handle>) -> io::Result<Self> {
        let (messages, inbox) = mpsc::channel();
        let (ends, ended) = mpsc::channel();
        let watchdog = Watchdog::of_unit(runtime, messages.clone());
        thread::Builder::new().name("sundown-systemd".to_owned()).spawn(move || {
            let _ends: Sender<()> = ends;
            Socket::default().pass_on(&inbox, watchdog);
        })?;
        Ok(Messenger { messages, ended: Mutex::new(ended) })
    }
}

/// A root that is dropped half-way leaves no thread behind.
impl Drop for Messenger {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::End(None));
    }
}

/// The watchdog of the unit, which hears that the runtime still runs tasks. It says nothing of a service whose workers are
/// all blocked.
///
/// Once the shutdown has begun it hears it in any case: from then on there is a budget, and the signals' thread ends a
/// process that does not meet it. What the steps behind a stuck one have to do is not to be cut short.
struct Watchdog {
    /// Half of what the unit says, as `sd_watchdog_enabled(3)` advises.
    interval: Duration,
    /// The task that answers runs here. Without a runtime there is nobody to ask.
    runtime: Option<Handle>,
    answers: Sender<Message>,
    is_asked: bool,
    is_stopping: bool,
    /// Once the service is up.
    next: Option<Instant>,
}

impl Watchdog {
    fn of_unit(runtime: Option<Handle>, answers: Sender<Message>) -> Option<Self> {
        let interval = sd_notify::watchdog_enabled()? / 2;
        let watchdog = Watchdog { interval, runtime, answers, is_asked: false, is_stopping: false, next: None };
        (!interval.is_zero()).then_some(watchdog)
    }

    fn starts(&mut self) {
        self.next = Some(Instant::now());
    }

    /// It is time. Whether it can be said at once that the process is alive.
    fn is_due(&mut self) -> bool {
        self.next = Some(Instant::now() + self.interval);
        match &self.runtime {
            Some(runtime) if !self.is_stopping => {
                if !self.is_asked {
                    let answers = self.answers.clone();
                    runtime.spawn(async move { drop(answers.send(Message::Alive)) });
                    self.is_asked = true;
                }
                false
            }
            _ => true,
        }
    }
}

/// Of the thread that sends.
#[derive(Default)]
struct Socket {
    has_failed: bool,
}

impl Socket {
    fn pass_on(mut self, inbox: &Receiver<Message>, mut watchdog: Option<Watchdog>) {
        loop {
            let next = watchdog.as_ref().and_then(|watchdog| watchdog.next);
            let message = match next {
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(next) => inbox.recv_timeout(next.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(Message::Ready) => {
                    self.send(&[NotifyState::Ready]);
                    if let Some(watchdog) = &mut watchdog {
                        watchdog.starts();
                    }
                }
                Ok(Message::Stopping { reason, within }) => {
                    // The crate's own state has 32 bits, which are 71 minutes.
                    let extension = format!("EXTEND_TIMEOUT_USEC={}", (within + BEYOND).as_micros());
                    let status = one_line(&format!("stopping: {reason}"));
                    self.send(&[NotifyState::Stopping, NotifyState::Custom(&extension), NotifyState::Status(&status)]);
                    if let Some(watchdog) = &mut watchdog {
                        watchdog.is_stopping = true;
                        watchdog.next = watchdog.next.map(|_| Instant::now());
                    }
                }
                Ok(Message::Alive) => {
                    self.send(&[NotifyState::Watchdog]);
                    if let Some(watchdog) = &mut watchdog {
                        watchdog.is_asked = false;
                    }
                }
                Ok(Message::End(summary)) => {
                    if let Some(summary) = summary {
                        self.send(&[NotifyState::Status(&one_line(&summary))]);
                    }
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {
                    if watchdog.as_mut().is_some_and(Watchdog::is_due) {
                        self.send(&[NotifyState::Watchdog]);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn send(&mut self, states: &[NotifyState<'_>]) {
        if let Err(error) = sd_notify::notify(states)
            && !std::mem::replace(&mut self.has_failed, true)
        {
            observe::complain(&format!("systemd is not notified: {error}"));
        }
    }
}

/// A line break would begin another state.
fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}
