//! What is printed.

mod json;
mod line;
mod time;

use std::io::{self, Write};

use port_monitor::{Event, Port};

use self::{
    json::{EventJson, PortJson},
    line::{EventLine, PortLine},
};
use crate::cli::Form;

/// Prints an event on a line.
pub(crate) fn print_event(out: &mut dyn Write, form: Form, event: &Event) -> io::Result<()> {
    match form {
        Form::Text => writeln!(out, "{}", EventLine(event)),
        Form::Json => writeln!(out, "{}", EventJson(event)),
    }
}

/// Prints a port on a line.
pub(crate) fn print_port(out: &mut dyn Write, form: Form, port: &Port) -> io::Result<()> {
    match form {
        Form::Text => writeln!(out, "{}", PortLine(port)),
        Form::Json => writeln!(out, "{}", PortJson(port)),
    }
}
