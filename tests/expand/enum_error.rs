#[must_shutdown(shared)]
enum Backend {
    Local(#[shutdown] Tasks),
    Remote {
        #[shutdown(after = jobs)]
        connection: Connection,
    },
}

#[pyclass_teardown]
#[pyclass]
enum Class {
    Local(#[shutdown] Tasks),
}
