//! `help`: what there is to call.

use std::io::Write;

use bstr::BString;
use builtin_api::{Builtin, CallContext, Error, ErrorKind, ExitCode};

/// The name of the builtin.
pub(crate) const NAME: &str = "help";
const SUMMARY: &str = "list the commands of this shell";

/// Columns of the list of names.
const LINE_COLUMNS: usize = 78;

/// Lists the builtins of the host with their summaries, then the interpreter's commands by name.
///
/// It takes the place of the interpreter's own `help`, which knows nothing of the host's builtins.
pub(crate) struct Help {
    builtins: Vec<(String, String)>,
    commands: Vec<String>,
}

impl Help {
    /// Returns the builtin; `builtins` are names with summaries, `commands` the interpreter's.
    pub(crate) fn new(mut builtins: Vec<(String, String)>, commands: Vec<String>) -> Self {
        builtins.push((NAME.to_owned(), SUMMARY.to_owned()));
        builtins.sort();
        Self { builtins, commands }
    }

    fn print_all(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let width = self.builtins.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        writeln!(out, "Builtins of this host:")?;
        for (name, summary) in &self.builtins {
            writeln!(out, "  {name:width$}  {summary}")?;
        }
        if self.commands.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nCommands of the interpreter:")?;
        let mut line = String::new();
        for name in &self.commands {
            if !line.is_empty() && line.len() + 1 + name.len() > LINE_COLUMNS {
                writeln!(out, "{line}")?;
                line.clear();
            }
            line.push_str(if line.is_empty() { "  " } else { " " });
            line.push_str(name);
        }
        writeln!(out, "{line}")
    }

    fn print_one(&self, out: &mut Vec<u8>, name: &BString) -> Result<(), Error> {
        if let Some((name, summary)) = self.builtins.iter().find(|(known, _)| name == known) {
            writeln!(out, "{name} - {summary}")?;
            return Ok(());
        }
        if self.commands.iter().any(|known| name == known) {
            writeln!(out, "{name} - a command of the interpreter; try `{name} --help`")?;
            return Ok(());
        }
        Err(Error::new(ErrorKind::Failed, format_args!("no command {name:?}")))
    }
}

impl Builtin for Help {
    fn name(&self) -> &str {
        NAME
    }

    fn summary(&self) -> &str {
        SUMMARY
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        let mut out = Vec::new();
        if args.is_empty() {
            self.print_all(&mut out)?;
        }
        for name in args {
            self.print_one(&mut out, name)?;
        }
        context.stdout.write_all(&out)?;
        Ok(ExitCode::SUCCESS)
    }
}
