//! Rows and headings, as net-tools lays them out.

mod address;
mod field;
mod inet;
mod program;
mod unix;

pub(crate) use address::Addresses;
pub(crate) use inet::InetTable;
pub(crate) use program::Programs;
pub(crate) use unix::UnixTable;
