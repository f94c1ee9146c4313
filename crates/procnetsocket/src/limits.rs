//! Every limit of a reading, with its unit and its reason.

/// Rows that a [`Listing`](crate::Listing) keeps of one table: 100 000.
///
/// The whole table is in memory, so this bounds memory: about 250 bytes per row, and 600 more for
/// an internet socket of sock_diag.
pub const MAX_ENTRIES: u64 = 100_000;

/// Bytes of one line, without its newline: 1 MiB.
///
/// The longest line of a kernel is a unix row with a name of 107 bytes; a longer line is not from a
/// kernel and must not fill memory.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// Lines of one table, without the header: 1 000 000.
pub const MAX_TOTAL_LINES: u64 = 1_000_000;

/// Lines of a file of counters (`sockstat`, `sockstat6`, `snmp`, `ip_local_port_range`): 1 000.
///
/// A kernel prints about twenty; their number does not grow with the number of sockets.
pub const MAX_COUNTER_LINES: u64 = 1_000;

/// The bounds of one reading. Reaching one is an error of kind
/// [`LimitExceeded`](crate::ErrorKind::LimitExceeded), never a short table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows kept of a table; only a [`Listing`](crate::Listing) keeps rows. See [`MAX_ENTRIES`].
    pub entries: u64,
    /// Bytes of one line. See [`MAX_LINE_BYTES`].
    pub line_bytes: usize,
    /// Lines that are read, without the header. See [`MAX_TOTAL_LINES`].
    pub total_lines: u64,
}

impl Default for Limits {
    /// The documented constants, which suit a [`Listing`](crate::Listing).
    fn default() -> Self {
        Self { entries: MAX_ENTRIES, line_bytes: MAX_LINE_BYTES, total_lines: MAX_TOTAL_LINES }
    }
}

impl Limits {
    /// Returns the bounds for streaming: the length of a line stays bounded, the number of lines
    /// does not, because a visitor keeps nothing.
    pub const fn streaming() -> Self {
        Self { entries: u64::MAX, line_bytes: MAX_LINE_BYTES, total_lines: u64::MAX }
    }
}
