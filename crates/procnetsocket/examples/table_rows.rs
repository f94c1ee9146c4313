//! Counts the rows of `net/tcp` in a fake root, for measurement: `table_rows ROOT visit` parses
//! them through the library, `table_rows ROOT count` reads the file and counts its newlines.

use std::{error::Error, io::Read, ops::ControlFlow};

use cap_std::{ambient_authority, fs::Dir};
use procnetsocket::{Limits, Query, RowError, SocketTables, Source, Table, Visitor, model::Socket};

#[expect(clippy::disallowed_methods, reason = "this example is its own host")]
#[expect(clippy::print_stdout, reason = "and prints to its own standard output")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let root = args.next().ok_or("expected a directory")?;
    let root = Dir::open_ambient_dir(root, ambient_authority())?;
    let rows = match args.next() {
        Some(mode) if mode == "visit" => visit(root)?,
        Some(mode) if mode == "count" => count(&root)?,
        _ => return Err("expected visit or count".into()),
    };
    println!("{rows}");
    Ok(())
}

/// Keeps nothing but a sum, so that no row can be optimised away.
struct Sum(u64);

impl Visitor for Sum {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        if let Socket::Inet(inet) = socket {
            self.0 = self.0.wrapping_add(u64::from(inet.local.port()));
        }
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, _row: &RowError) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

fn visit(root: Dir) -> Result<u64, procnetsocket::Error> {
    let tables = SocketTables::from_dir(root);
    let mut sum = Sum(0);
    let report = tables.visit_with(
        &Query::new(Table::Tcp4).with_source(Source::ProcText).with_limits(Limits::streaming()),
        &mut sum,
    )?;
    Ok(if sum.0 == 0 { 0 } else { report.rows })
}

fn count(root: &Dir) -> std::io::Result<u64> {
    let mut file = root.open("net/tcp")?;
    let mut buffer = vec![0; 64 * 1024];
    let mut newlines = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(newlines),
            read => {
                let bytes = buffer.get(..read).unwrap_or_default();
                newlines += u64::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(0);
            }
        }
    }
}
