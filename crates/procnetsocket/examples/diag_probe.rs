//! Requests sockets from sock_diag and prints one per line.
//!
//! ```text
//! diag_probe [TABLE]...     such as tcp, udp6, unix; without one, every table
//! ```

use std::{
    error::Error,
    io::{self, Write},
    ops::ControlFlow,
    process::ExitCode,
};

use procnetsocket::{
    Details, Limits, RowError, Table, TableQuery, Visitor,
    diag::{DiagSocket, Request},
    model::Socket,
};

#[expect(clippy::disallowed_methods, reason = "the words of the command line")]
fn main() -> ExitCode {
    match probe(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(report) => print(&report, ExitCode::SUCCESS),
        Err(error) => print(&format!("{error}\n"), ExitCode::FAILURE),
    }
}

fn print(report: &str, status: ExitCode) -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "a separate program, not a builtin")]
    let mut stdout = io::stdout();
    stdout.write_all(report.as_bytes()).map_or(ExitCode::FAILURE, |()| status)
}

fn probe(names: &[String]) -> Result<String, Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "a separate program, which is its own host")]
    let token = cap_std::ambient_authority();
    let socket = DiagSocket::open_ambient(token)?;
    let is_asked = |table: &Table| names.is_empty() || names.contains(&table.to_string());
    let mut report = RowCounts::default();
    for table in Table::ALL.into_iter().filter(is_asked) {
        let request = Request::Dump(TableQuery { details: Details::ALL, ..TableQuery::new(table) });
        match socket.visit(&request, Limits::streaming(), &mut report) {
            Ok(read) => report.line(format_args!("{table}: {} rows", read.rows)),
            Err(error) => report.line(format_args!("{table}: {:?} ({error})", error.kind())),
        }
    }
    Ok(report.0)
}

#[derive(Default)]
struct RowCounts(String);

impl RowCounts {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        self.0.push_str(&line.to_string());
        self.0.push('\n');
    }
}

impl Visitor for RowCounts {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        self.line(format_args!("{socket:?}"));
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        self.line(format_args!("{row}"));
        ControlFlow::Continue(())
    }
}
