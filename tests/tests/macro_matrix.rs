//! What the macros work with, as structs that compile and are shut down.

#[path = "macro_matrix/hostile.rs"]
mod hostile;
#[path = "macro_matrix/hygiene.rs"]
mod hygiene;
#[path = "macro_matrix/manual.rs"]
mod manual;
#[path = "macro_matrix/methods.rs"]
mod methods;
#[path = "macro_matrix/operations.rs"]
mod operations;
#[path = "macro_matrix/request.rs"]
mod request;
#[path = "macro_matrix/shapes.rs"]
mod shapes;
#[path = "macro_matrix/shared.rs"]
mod shared;
#[path = "macro_matrix/starting.rs"]
mod starting;
