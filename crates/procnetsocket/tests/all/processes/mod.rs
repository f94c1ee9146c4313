//! Owners of sockets: over fake roots, and of this process's own sockets.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests fail by a panic, and make sockets of their own"
)]

mod fake;
mod live;
mod netstat;

use procnetsocket::{OwnerQuery, OwnerTable, SocketTables, Uninterrupted, model::Inode};

/// Asks for owners within the default limits.
fn ask(tables: &SocketTables, query: &OwnerQuery) -> OwnerTable {
    OwnerTable::new(tables.owners(query, &<_>::default(), &Uninterrupted).unwrap())
}

fn inode(number: u64) -> Inode {
    Inode::new(number).unwrap()
}

/// Shows the owners of a socket as `name pid/tid fd`.
fn owners(table: &OwnerTable, number: u64) -> Vec<String> {
    let shown = table.of(inode(number)).map(|owner| {
        let task = owner.task;
        let tid = task.tid.map_or(String::new(), |tid| format!("/{tid}"));
        let name = task.name.as_ref().known().map_or("-".to_owned(), ToString::to_string);
        format!("{name} {}{tid} {}", task.pid, owner.fd)
    });
    shown.collect()
}
