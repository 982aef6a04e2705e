//! Asynchronous exceptions.
