//! Prints the ports of this machine as they open and close.

use std::{error::Error, time::Duration};

use port_monitor::{Notice, PortMonitor};
use procnetsocket::{SocketTables, diag::EventAuthority};

#[expect(clippy::disallowed_methods, reason = "this example is its own host")]
#[expect(clippy::print_stdout, reason = "and prints to its own standard output")]
fn main() -> Result<(), Box<dyn Error>> {
    let token = cap_std::ambient_authority();
    let builder = PortMonitor::builder(SocketTables::open_ambient(token)?)
        .interval(Duration::from_millis(50))
        .closings(EventAuthority::from_ambient(token));
    let monitor = builder.build();
    let notices = monitor.subscribe(1_000);
    monitor.start()?;
    for notice in notices {
        match notice {
            Notice::Event(event) => {
                println!("{} {} {}", event.kind.name(), event.port.protocol, event.port.local);
            }
            other => println!("{other:?}"),
        }
    }
    Ok(())
}
