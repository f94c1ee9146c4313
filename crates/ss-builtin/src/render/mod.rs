//! Rows to bytes, as iproute2 lays them out.
//!
//! `row` turns a socket into cells, with a file for each family; `table` collects cells, and
//! `layout` lays them out in columns. The files of details (`tcp_info`, `users`, `timer` and so on) turn a part of
//! the model into text; `addr`, `port`, `number` and `field` print the pieces.
//! `summary` prints the counters of `-s`. `json` writes the same sockets as JSON.

mod addr;
mod cgroup;
mod column;
mod field;
mod host;
mod inet;
mod interface;
mod json;
mod layout;
mod lengths;
mod memory;
mod mptcp_info;
mod netlink;
mod number;
mod packet;
mod peer;
mod port;
mod proc_info;
mod process;
mod rate;
mod row;
mod sctp_info;
mod summary;
mod table;
mod tcp_info;
mod timer;
mod uid;
mod ulp;
mod unix;
mod users;
mod vsock;
#[cfg(test)]
mod wire;
mod xdp;

pub(crate) use column::{ColumnId, ColumnSet, Screen};
pub(crate) use json::{Frame, JsonWriter, SummaryForm};
pub(crate) use row::{RowRenderer, netid_word};
pub(crate) use summary::{Counters, summary};
pub(crate) use table::TableWriter;
pub(crate) use users::{ProcessColumn, missing_processes};
