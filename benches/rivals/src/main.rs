//! Reads TCP tables with the procfs crate: `rivals live`, or `rivals ROOT` for a fake root.

use procfs::{FromReadSI, net::TcpNetEntries};

fn main() {
    let root = std::env::args().nth(1).expect("an argument");
    let rows = if root == "live" {
        procfs::net::tcp().expect("tcp").len() + procfs::net::tcp6().expect("tcp6").len()
    } else {
        let file = std::fs::File::open(format!("{root}/net/tcp")).expect("net/tcp");
        TcpNetEntries::from_read(file, procfs::current_system_info()).expect("tcp").0.len()
    };
    println!("{rows}");
}
