//! Command lines of builtins. The parser, the help, the manual page and the completions are made
//! from one table of options.
//!
//! ```text
//! FLAGS ─► Args ─► RawArgs      what was typed, by the rules of getopt_long(3)
//!   │                           what it means is the command's own
//!   ├────► help                 lines of --help
//!   ├────► man                  entries of a manual page
//!   └────► completion           files for bash, zsh and fish
//! ```
//!
//! A command has a `static FLAGS: &[Flag<Effect>]` with its own `Effect`, and a [`WordTable`] for
//! each value that is a choice of words:
//!
//! ```
//! use builtin_cli::{Flag, FlagDoc, RawArgs, bstr::BString};
//!
//! #[derive(Clone, Copy, Debug, PartialEq)]
//! enum Effect {
//!     All,
//! }
//!
//! static FLAGS: &[Flag<Effect>] =
//!     &[Flag::new(FlagDoc::new(Some('a'), &["all"], "list all of them"), Effect::All)];
//!
//! let args = [BString::from("--al"), "word".into()];
//! let raw = RawArgs::parse(FLAGS, &args).unwrap();
//! assert!(raw.has(Effect::All));
//! assert_eq!(raw.words, ["word"]);
//! ```
//!
//! The feature `json` adds `json::write`, which escapes characters that would affect a terminal.
//!
//! # Trust
//!
//! Arguments are bytes from a script. They are escaped in every message ([`Escaped`]). Nothing here
//! opens a file or reads the environment.

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod chain;
pub mod completion;
mod duration;
mod error;
mod escape;
mod flag;
pub mod help;
#[cfg(feature = "json")]
pub mod json;
pub mod man;
mod parse;
mod raw;
mod word;

pub use bstr;

pub use chain::Chain;
pub use duration::{MAX_DURATION, parse_duration};
pub use error::ArgError;
pub use escape::{Escaped, hex_at, is_unsafe_to_show, unescape};
pub use flag::{Flag, FlagDoc, Spelling, ValueDoc, ValueKind};
pub use parse::{Arg, Args, Typed};
pub use raw::RawArgs;
pub use word::{Word, WordList, WordTable};
