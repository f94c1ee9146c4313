//! The form and order of the output, which options choose that iproute2 lacks.

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// Columns, as iproute2 lays them out.
    #[default]
    Text,
    /// One JSON array.
    Json,
    /// One JSON object a line.
    JsonLines,
}

/// Whether sockets or their number are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ListingKind {
    /// Each of them.
    #[default]
    Sockets,
    /// Their number.
    Number,
}

/// The order of the sockets, and how many of them are printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// Empty for the order in which they come.
    pub(crate) keys: Vec<(SortKey, Direction)>,
    pub(crate) limit: Option<u64>,
}

/// What sockets can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SortKey {
    RecvQ,
    SendQ,
    Local,
    Peer,
    Port,
    Uid,
    Inode,
    State,
}

/// The direction in which sockets are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

/// A part of the listing that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionalColumn {
    Header,
    Queues,
}
