//! Processes of sockets: over fake roots, and of this process's sockets.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests fail by a panic, and open sockets"
)]

mod fake;
mod live;
mod netstat;

use procnetsocket::{ProcessQuery, ProcessTable, SocketTables, Uninterrupted, model::Inode};

/// Asks for processes within the default limits.
fn ask(tables: &SocketTables, query: &ProcessQuery) -> ProcessTable {
    ProcessTable::new(tables.processes(query, &<_>::default(), &Uninterrupted).unwrap())
}

fn inode(number: u64) -> Inode {
    Inode::new(number).unwrap()
}

/// Shows the processes of a socket as `name pid/tid fd`.
fn lines_of(table: &ProcessTable, number: u64) -> Vec<String> {
    let shown = table.of(inode(number)).map(|process| {
        let task = process.task;
        let tid = task.tid.map_or(String::new(), |tid| format!("/{tid}"));
        let name = task.name.as_ref().known().map_or("-".to_owned(), ToString::to_string);
        format!("{name} {}{tid} {}", task.pid, process.fd)
    });
    shown.collect()
}
