//! Reads the kernel's socket tables, outside of every sandbox.

mod dedup;
mod error;
mod interface;
mod limits;
mod lines;
mod listing;
mod mismatch;
pub mod model;
mod port_range;
pub mod root;
mod scan;
mod source;
mod stat;
mod table;
mod visit;

pub use self::{
    error::{Error, ErrorKind, RowError},
    limits::{Limits, MAX_COUNTER_LINES, MAX_ENTRIES, MAX_LINE_BYTES, MAX_TOTAL_LINES},
    listing::{Listing, MAX_ROW_ERRORS},
    root::{Base, Pid, ProcFile, ProcRoot, RootError, RootErrorKind},
    scan::visit_table,
    source::SocketTables,
    stat::{SockStat, SockStat6, TcpStat},
    table::{Endian, Table},
    visit::{Interrupt, Report, Uninterrupted, Visitor},
};
