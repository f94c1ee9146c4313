//! Command lines as GNU programs read them, and what `--help` prints.

use std::fmt::Write as _;

use bashkit::{CommandContext, CommandStatus, Result};
use builtin_cli::{
    ArgError, Flag, FlagDoc, RawArgs, ValueDoc, ValueKind, bstr::BString, help::FlagLine,
};

/// A command line as it was typed.
pub(super) struct CommandLine<E> {
    /// The options with their values, in order.
    pub(super) options: Vec<(E, String)>,
    pub(super) operands: Vec<String>,
}

impl<E: Copy + PartialEq> CommandLine<E> {
    /// Reads a command line up to the first `help`.
    pub(super) fn read(
        flags: &'static [Flag<E>],
        help: E,
        args: &[String],
    ) -> std::result::Result<Self, ArgError> {
        let args: Vec<BString> = args.iter().map(|arg| arg.as_str().into()).collect();
        let raw = RawArgs::parse_until(flags, &args, |effect| effect == help)?;
        let options = raw.typed.iter().map(|typed| (typed.flag.effect, typed.text().to_string()));
        let operands = raw.words.iter().map(ToString::to_string);
        Ok(Self { options: options.collect(), operands: operands.collect() })
    }

    /// Returns whether an option is given.
    pub(super) fn has(&self, effect: E) -> bool {
        self.options.iter().any(|(option, _)| *option == effect)
    }
}

/// Returns a row of a table of options.
pub(super) const fn flag<E>(
    short: Option<char>,
    long: &'static [&'static str],
    effect: E,
    help: &'static str,
) -> Flag<E> {
    Flag::new(FlagDoc::new(short, long, help), effect)
}

/// Returns the value of an option that may be typed without one.
pub(super) const fn optional(name: &'static str) -> ValueDoc {
    ValueDoc::new(name, ValueKind::OptionalText)
}

/// Prints what a command does, and its options.
pub(super) async fn print_help<E>(
    context: &CommandContext<'_>,
    purpose: &str,
    flags: &[Flag<E>],
) -> Result<CommandStatus> {
    let mut text = format!("Usage: {} [OPTION]... [FILE]...\n{purpose}\n\n", context.name);
    for Flag { doc, .. } in flags {
        // OK because writing to a string cannot fail.
        let _ = writeln!(text, "{}", FlagLine { doc, indent: 2, width: 26 });
    }
    context.stdout.write_all(text.as_bytes()).await?;
    Ok(CommandStatus::success())
}
