//! What is printed.

mod json;
mod line;

use std::io::{self, Write};

use port_monitor::{Event, Port};

use self::{
    json::{EventJson, PortJson},
    line::{EventLine, PortLine},
};
use crate::cli::EventFormat;

/// Prints an event on a line.
pub(crate) fn print_event(out: &mut dyn Write, form: EventFormat, event: &Event) -> io::Result<()> {
    match form {
        EventFormat::Text => writeln!(out, "{}", EventLine(event)),
        EventFormat::Json => writeln!(out, "{}", EventJson(event)),
    }
}

/// Prints a port on a line.
pub(crate) fn print_port(out: &mut dyn Write, form: EventFormat, port: &Port) -> io::Result<()> {
    match form {
        EventFormat::Text => writeln!(out, "{}", PortLine(port)),
        EventFormat::Json => writeln!(out, "{}", PortJson(port)),
    }
}
