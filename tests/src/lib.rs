//! What holds for every input, as functions that panic when it does not.
//!
//! Integration tests stand in `tests/integration`. The properties stand here, because two programs
//! use them: the integration tests, which replay `fuzz/corpus` and change it a little, and the
//! fuzzer of `fuzz/`, which changes it for as long as one likes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a panic is how a property fails"
)]

pub mod property;
