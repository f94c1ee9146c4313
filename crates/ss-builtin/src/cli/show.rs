//! What is shown, and how.

use bstr::BString;
use builtin_cli::Spelling;
use procnetsocket::Threads;
use socket_query::{AddressFamily, Selection, expr::FilterText};

use super::{
    action::Action,
    detail::DetailSet,
    error::CliError,
    output::{ListingKind, OptionalColumn, Order, OutputFormat},
};

/// A listing, with the summary before it if it is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Show {
    pub(crate) action: Action,
    pub(crate) namespace: NamespaceChoice,
    pub(crate) summary: CounterDisplay,
    /// What is listed, without the filter.
    pub(crate) selection: Result<Selection, NothingToShow>,
    pub(crate) filter: FilterSource,
    pub(crate) details: DetailSet,
    /// Whether the processes of sockets are shown, and how.
    pub(crate) processes: Option<Threads>,
    /// The option that asks for processes although they are not granted: their column stays empty.
    pub(crate) ungranted_processes: Option<Spelling>,
    pub(crate) layout: TextLayout,
    pub(crate) names: NameDisplay,
    /// Whether addresses are printed by the names of their hosts.
    pub(crate) resolves_hosts: bool,
    pub(crate) output: OutputFormat,
    pub(crate) answer: ListingKind,
    pub(crate) order: Order,
}

/// Which network namespace is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum NamespaceChoice {
    /// That of the host.
    #[default]
    Own,
    /// Another one, by its name.
    Named(BString),
    /// Every one of the machine.
    Every,
}

/// How text is laid out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TextLayout {
    /// Whether the details of a socket are on its line, and not on lines below.
    pub(crate) one_line: bool,
    pub(crate) hidden: Vec<OptionalColumn>,
}

/// Whether ports and protocols are printed by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NameDisplay {
    #[default]
    Resolved,
    Numeric,
}

/// Whether the counters of `-s` are printed, and whether that is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CounterDisplay {
    #[default]
    None,
    Before,
    Only,
}

/// Why nothing can be listed. Counters are printed all the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NothingToShow {
    /// No table is left to show.
    Tables,
    /// The words for states were not understood.
    States(CliError),
}

/// Where the filter comes from, and what it is parsed with. It is parsed later, because that needs
/// the tables, and the counters of `-s` are printed before.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FilterSource {
    /// The words of the command line, which come before those of the file.
    pub(crate) text: FilterText,
    /// The file: a path, or standard input if it begins with `-`.
    pub(crate) file: Option<BString>,
    /// The family that an option chose last.
    pub(crate) family: Option<AddressFamily>,
}

impl FilterSource {
    /// Returns whether there is no text that could contain an expression.
    pub(super) fn is_empty(&self) -> bool {
        self.file.is_none() && self.text == FilterText::default()
    }
}
