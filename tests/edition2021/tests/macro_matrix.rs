//! The matrix of the package `sundown-tests`, in edition 2021.

#[path = "../../tests/macro_matrix/hygiene.rs"]
mod hygiene;
#[path = "../../tests/macro_matrix/manual.rs"]
mod manual;
#[path = "../../tests/macro_matrix/methods.rs"]
mod methods;
#[path = "../../tests/macro_matrix/operations.rs"]
mod operations;
#[path = "../../tests/macro_matrix/request.rs"]
mod request;
#[path = "../../tests/macro_matrix/shapes.rs"]
mod shapes;
#[path = "../../tests/macro_matrix/shared.rs"]
mod shared;
