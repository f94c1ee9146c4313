//! The plan of a listing.

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

/// A listing, with an optional summary before it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Show {
    pub(crate) action: Action,
    pub(crate) namespace: NamespaceChoice,
    pub(crate) summary: CounterDisplay,
    /// The selection without the filter.
    pub(crate) selection: Result<Selection, NothingToShow>,
    pub(crate) filter: FilterSource,
    pub(crate) details: DetailSet,
    /// Whether the processes of sockets are shown, and how.
    pub(crate) processes: Option<Threads>,
    /// The option that requests processes without the grant: their column is empty.
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
    /// The namespace of the host.
    #[default]
    Own,
    /// A namespace with this name.
    Named(BString),
    /// Every namespace of the machine.
    Every,
}

/// The layout of text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TextLayout {
    /// Whether the details of a socket are on the same line, or on lines below.
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

/// Whether the counters of `-s` are printed, and whether a listing follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CounterDisplay {
    #[default]
    None,
    Before,
    Only,
}

/// Why nothing can be listed. Counters are printed nevertheless.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NothingToShow {
    /// No table is left to show.
    Tables,
    /// The words for states are invalid.
    States(CliError),
}

/// The sources of the filter. It is parsed later, because parsing needs the tables, and the
/// counters of `-s` are printed before.
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
    /// Returns whether there are neither words nor a file.
    pub(super) fn is_empty(&self) -> bool {
        self.file.is_none() && self.text == FilterText::default()
    }
}
