//! What threads receive and read before it is needed.

use crate::{diag::AheadReplies, proc::ahead::AheadText};

/// The replies and the text table that [`SocketTables::ahead`](crate::SocketTables::ahead) has
/// threads receive and read.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// Replies of sock_diag.
    pub(crate) replies: AheadReplies,
    /// A text table.
    pub(crate) text: AheadText,
}
