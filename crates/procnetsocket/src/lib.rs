//! Reads the kernel's socket tables, outside of every sandbox.

mod dedup;
pub mod diag;
mod error;
mod interface;
mod limits;
mod lines;
mod listing;
mod mismatch;
pub mod model;
mod port_range;
mod query;
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
    query::{Details, Query},
    root::{Base, Pid, ProcFile, ProcRoot, RootError, RootErrorKind},
    scan::visit_table,
    source::SocketTables,
    stat::{SockStat, SockStat6, TcpStat},
    table::{Endian, Family, Table},
    visit::{Interrupt, Report, Source, Uninterrupted, Visitor},
};
