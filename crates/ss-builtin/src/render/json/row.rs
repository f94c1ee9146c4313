//! A socket as an object: how the listing calls it, and then all that the kernel told, in the form
//! of the model.

use procnetsocket::{Source, model::Socket};
use serde::Serialize;
use socket_query::SocketTable;

use super::{name::NamesForm, namespace::NamespaceForm, process::ProcessForm};
use crate::render::row::{RowRenderer, netid_word, state_word};

/// One socket. Without the keys before `socket` it is the serde form of a row of the model.
#[derive(Serialize)]
pub(crate) struct SocketForm<'a> {
    /// In a listing of every network namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<NamespaceForm<'a>>,
    /// As in the text.
    netid: &'static str,
    /// As in the text.
    state: &'static str,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted_text: Option<bool>,
    #[serde(skip_serializing_if = "NamesForm::is_empty")]
    names: NamesForm,
    /// The processes that hold it, if they are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<Vec<ProcessForm<'a>>>,
    #[serde(flatten)]
    socket: Socket<'a>,
}

impl RowRenderer<'_> {
    /// Returns the object of a socket.
    pub(crate) fn form<'a>(&'a self, table: SocketTable, socket: Socket<'a>) -> SocketForm<'a> {
        let source = socket.source();
        SocketForm {
            namespace: self.namespace.as_deref().map(NamespaceForm),
            netid: netid_word(table, &socket),
            state: state_word(&socket),
            source: if source == Source::SockDiag { "sock_diag" } else { "proc" },
            untrusted_text: is_untrusted(&socket, source).then_some(true),
            names: self.names_of(&socket),
            processes: self.processes_of(&socket),
            socket,
        }
    }
}

/// Security: a name with a newline in it forges rows of the text table of unix sockets, so a row of
/// it proves nothing.
fn is_untrusted(socket: &Socket<'_>, source: Source) -> bool {
    matches!(socket, Socket::Unix(_)) && source == Source::ProcText
}
