//! Fake proc roots for the workspace's tests: the files that `ss` reads, printed as the kernel
//! prints them.
//!
//! ```text
//! typed rows (Tcp, Datagram, Unix, Packet, Netlink) ─┬─► FakeProc ──► FakeRoot: a temporary directory
//! processes (Process) ───────────────────────────────┤
//! fixtures() · generate(seed) ───────────────────────┘
//! ```
//!
//! ```
//! use testkit::{FakeProc, Tcp};
//!
//! let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80").uid(1000).inode(5)).build();
//! let table = root.dir().read_to_string("net/tcp").unwrap();
//! assert!(table.contains("0: 0100007F:0050 00000000:0000 0A"));
//! ```
//!
//! # Formats
//!
//! Columns, paddings and headers are those of Linux 6.x. Addresses are words in the byte order of
//! the machine that runs the test, as in a live `/proc`.
//!
//! # Panics
//!
//! A mistake of a test (an address that does not parse, a directory that cannot be written) ends
//! the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "only tests use this crate, and a panic is how a test fails"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "a row is made where it is added, and a reference would add nothing there"
)]

mod built;
mod counter;
mod fixture;
mod generate;
mod inet;
mod nested;
mod netlink;
mod packet;
mod process;
mod process_table;
mod root;
mod size;
mod table;
mod unix;
mod wait;
mod xorshift;

pub use built::{ALREADY_BUILT, built};
pub use counter::{SockStat, SockStat6};
pub use fixture::{FIRST_FAKE_INTERFACE, deliberate_differences, fixtures, large_fixtures};
pub use generate::generate;
pub use inet::{Datagram, Tcp, TcpTail};
pub use nested::{NESTED_FORMS, NestedForm, mixed_forms};
pub use netlink::Netlink;
pub use packet::Packet;
pub use process::Process;
pub use process_table::{PROCESS_NAMES, generate_processes, process_fixtures};
pub use root::{FakeProc, FakeRoot};
pub use size::cases;
pub use table::ProcTable;
pub use unix::Unix;
pub use wait::wait_until;
pub use xorshift::Xorshift;
