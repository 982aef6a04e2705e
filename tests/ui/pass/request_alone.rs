//! A `request` is enough where there is nothing to wait for.

use std::time::Duration;

use sundown::{ShutdownGuard, must_shutdown};
use tokio::sync::{broadcast, mpsc, oneshot};

enum Message {
    Stop,
}

#[must_shutdown]
struct Client {
    #[shutdown(request = |orders| orders.try_send(Message::Stop))]
    orders: mpsc::Sender<Message>,
    #[shutdown(request = |events| events.send(1))]
    events: broadcast::Sender<u8>,
    #[shutdown(request = |reason| reason.send("over"))]
    reason: Option<oneshot::Sender<&'static str>>,
    #[shutdown(request = |plain: &std::sync::mpsc::Sender<u8>| plain.send(2))]
    plain: std::sync::mpsc::Sender<u8>,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown(shared)]
struct Shared {
    #[shutdown(request = |orders| orders.try_send(Message::Stop))]
    orders: mpsc::Sender<Message>,
    guard: ShutdownGuard<Self>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for budget in [Duration::from_secs(5), Duration::ZERO] {
        let (orders, mut ordered) = mpsc::channel(1);
        let (events, mut seen) = broadcast::channel(1);
        let (reason, mut given) = oneshot::channel();
        let (plain, received) = std::sync::mpsc::channel();
        let mut client = Client { orders, events, reason: Some(reason), plain, guard: ShutdownGuard::new() };
        let result = client.shutdown_within(budget).await;
        assert!(result.is_ok() || budget.is_zero(), "{result:?}");
        let report = result.unwrap_or_else(|error| error.into_report()).to_string();
        assert!(!report.contains("abandoned"), "{report}");
        assert!(matches!(ordered.try_recv(), Ok(Message::Stop)));
        assert_eq!(seen.try_recv(), Ok(1));
        assert_eq!(given.try_recv(), Ok("over"));
        assert_eq!(received.try_recv(), Ok(2));
    }
    let (orders, mut ordered) = mpsc::channel(1);
    let shared = Shared { orders, guard: ShutdownGuard::new() };
    assert!(shared.shutdown().await.unwrap().is_clean());
    assert!(matches!(ordered.try_recv(), Ok(Message::Stop)));
}
