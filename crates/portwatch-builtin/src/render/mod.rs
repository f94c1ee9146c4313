//! The output, as text or JSON.

mod json;
mod line;

use std::io::{self, Write};

use port_monitor::{Event, Port};

use self::{
    json::{write_event, write_port},
    line::{EventLine, PortLine},
};
use crate::cli::EventFormat;

/// Prints an event on a line.
pub(crate) fn print_event(out: &mut dyn Write, form: EventFormat, event: &Event) -> io::Result<()> {
    match form {
        EventFormat::Text => writeln!(out, "{}", EventLine(event)),
        EventFormat::Json => {
            write_event(out, event)?;
            writeln!(out)
        }
    }
}

/// Prints a port on a line.
pub(crate) fn print_port(out: &mut dyn Write, form: EventFormat, port: &Port) -> io::Result<()> {
    match form {
        EventFormat::Text => writeln!(out, "{}", PortLine(port)),
        EventFormat::Json => {
            write_port(out, port)?;
            writeln!(out)
        }
    }
}
