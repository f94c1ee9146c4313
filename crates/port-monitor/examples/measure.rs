//! Prints ports as they open and close, for `benches/monitor`.
//!
//! ```text
//! measure MILLISECONDS look|listen diag|text
//! ```
//!
//! Arguments: the interval; whether closings are found by reading the tables or reported by the
//! kernel; and whether sock_diag or the text tables are read.

use std::{error::Error, time::Duration};

use cap_std::ambient_authority;
use port_monitor::{Notice, PortMonitor};
use procnetsocket::{ProcRoot, SocketTables, diag::EventAuthority};

#[expect(clippy::disallowed_methods, reason = "this example is its own host")]
#[expect(clippy::print_stdout, reason = "and prints to its own standard output")]
fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let [interval, closings @ ("look" | "listen"), source @ ("diag" | "text")] = args[..] else {
        return Err("measure MILLISECONDS look|listen diag|text".into());
    };
    let tables = match source {
        "text" => SocketTables::from_root(ProcRoot::open_ambient(ambient_authority())?),
        _ => SocketTables::open_ambient(ambient_authority())?,
    };
    let mut builder =
        PortMonitor::builder(tables).interval(Duration::from_millis(interval.parse()?));
    if closings == "listen" {
        builder = builder.closings(EventAuthority::from_ambient(ambient_authority()));
    }
    let monitor = builder.build();
    let notices = monitor.subscribe(1_000);
    monitor.start()?;
    for notice in notices {
        match notice {
            Notice::Event(event) => println!("{} {}", event.kind.name(), event.port.local),
            other => println!("{other:?}"),
        }
    }
    Ok(())
}
