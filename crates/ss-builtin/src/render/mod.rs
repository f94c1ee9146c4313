//! Rows to bytes, as iproute2 lays them out.
//!
//! `row` turns a socket into cells, `table` collects cells and writes them in columns. `addr`,
//! `number`, `name` and `escape` print the pieces; `summary` prints the counters of `-s`.

mod addr;
mod column;
mod escape;
mod name;
mod number;
mod row;
mod summary;
mod table;

pub(crate) use column::{ColumnId, ColumnSet, Screen};
pub(crate) use row::RowRenderer;
pub(crate) use summary::{Counters, summary};
pub(crate) use table::TableWriter;
