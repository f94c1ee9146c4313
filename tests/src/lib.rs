//! Properties of every input, as functions that panic when one does not hold.
//!
//! Integration tests are in `tests/integration`. The properties are here, because two programs use
//! them: the integration tests, which replay `fuzz/corpus` with a few mutations, and the fuzzer of
//! `fuzz/`, which mutates without end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a panic is how a property fails"
)]

pub mod property;
