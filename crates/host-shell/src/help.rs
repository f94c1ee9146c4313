//! `help`: lists the commands, and describes the language.

use std::{io::Write, sync::Arc};

use bstr::BString;
use builtin_api::{Builtin, CallContext, Error, ErrorKind, ExitCode};

/// The name of the builtin.
pub(crate) const NAME: &str = "help";
const SUMMARY: &str = "list the commands of this shell; `help NAME` explains one";

/// What `help language` prints: one screen of a terminal of 24 rows and 80 columns.
const LANGUAGE: &str = include_str!("language.txt");

/// Columns of the list of names.
const LINE_COLUMNS: usize = 78;

/// Lists the builtins of the host with their summaries, then the interpreter's commands by name.
/// `help NAME` prints the same as `NAME --help`, and `help language` describes the language.
///
/// It replaces the interpreter's own `help`, which does not list the host's builtins.
pub(crate) struct Help {
    builtins: Vec<Arc<dyn Builtin>>,
    commands: Vec<String>,
}

impl Help {
    /// Returns the builtin; `builtins` are the host's, `commands` the interpreter's.
    pub(crate) fn new(builtins: Vec<Arc<dyn Builtin>>, commands: Vec<String>) -> Self {
        Self { builtins, commands }
    }

    fn print_all(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let listed = self.builtins.iter().filter(|builtin| builtin.is_listed());
        let mut listed: Vec<_> =
            listed.map(|builtin| (builtin.name(), builtin.summary())).collect();
        listed.push((NAME, SUMMARY));
        listed.sort_unstable();
        let width = listed.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        writeln!(out, "Builtins of this host:")?;
        for (name, summary) in listed {
            writeln!(out, "  {name:width$}  {summary}")?;
        }
        writeln!(out, "\n`help language` is about the language.")?;
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

    fn explain(&self, context: &mut CallContext<'_>, name: &BString) -> Result<(), Error> {
        if let Some(builtin) = self.builtins.iter().find(|builtin| builtin.name() == name) {
            writeln!(context.stdout, "{} - {}", builtin.name(), builtin.summary())?;
            if let Some(help) = builtin.help() {
                write!(context.stdout, "\n{help}")?;
            }
            return Ok(());
        }
        match name.as_slice() {
            b"language" => context.stdout.write_all(LANGUAGE.as_bytes())?,
            name if name == NAME.as_bytes() => {
                writeln!(context.stdout, "{NAME} - {SUMMARY}; `help language`: the language")?;
            }
            _ if self.commands.iter().any(|known| name == known) => {
                let line = "a command of the interpreter; try";
                writeln!(context.stdout, "{name} - {line} `{name} --help`")?;
            }
            _ => return Err(Error::new(ErrorKind::Failed, format_args!("no command {name:?}"))),
        }
        Ok(())
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
        if args.is_empty() {
            let mut out = Vec::new();
            self.print_all(&mut out)?;
            context.stdout.write_all(&out)?;
        }
        args.iter().try_for_each(|name| self.explain(context, name))?;
        Ok(ExitCode::SUCCESS)
    }
}
