#[derive(Debug, Teardown)]
#[teardown(timeout = "1m 30s", name = "Parts")]
struct Inner<T> {
    #[shutdown(request = |tx: &Sender<T>| tx.send(Message::Stop), force = Sender::kill)]
    r#type: Sender<T>,
    #[shutdown(after = r#type)]
    jobs: Tasks,
    label: Vec<T>,
}

#[derive(Teardown)]
struct Plain {
    #[shutdown]
    jobs: Tasks,
}
