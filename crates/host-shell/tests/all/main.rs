//! The shell as a library and as a program.
#![expect(clippy::disallowed_methods, reason = "the tests play the host, which opens directories")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the functions that tests share may fail a test as tests may"
)]

mod audit;
mod broker;
mod builtins;
mod commands;
mod confine;
mod conformance;
mod exhaust;
mod files;
mod language;
mod limits;
mod namespaces;
mod program;
mod register;
mod support;
