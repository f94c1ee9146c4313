//! Sockets that are listed and then destroyed.

use std::{borrow::Cow, ops::ControlFlow};

use procnetsocket::{
    ErrorKind, Interrupt, Limits,
    diag::{DiagSocket, InetLookup, KillAuthority},
    model::{InetSocket, Socket, TcpState},
};

use crate::{
    Collected, Error, Filter, Problem, Selection, Sink, SocketTable, WhyKept,
    collect::{self, Source},
};

/// What sockets are destroyed with.
pub(crate) struct Kill<'a> {
    pub(crate) diag: &'a DiagSocket,
    pub(crate) right: &'a KillAuthority,
}

/// Destroys what a selection admits, and hands each socket that was destroyed to the sink.
///
/// All of them are listed first: a dump from whose tables sockets vanish passes others over. So a
/// selection of too many destroys none.
///
/// `look` returns the selection with what is known now of who holds sockets. It is called before the
/// listing and after.
pub(crate) fn destroy<'s>(
    kill: &Kill<'_>,
    source: &Source<'_>,
    look: &dyn Fn() -> Result<Cow<'s, Selection>, Error>,
    interrupt: &dyn Interrupt,
    sink: &mut dyn Sink,
) -> Result<Collected, Error> {
    let most = Limits::default().entries;
    let mut chosen = Chosen { sockets: Vec::new(), room: Some(most), sink, kept: 0 };
    let listed = collect::collect(source, &*look()?, interrupt, &mut chosen)?;
    let Chosen { mut sockets, room, sink, kept } = chosen;
    if room.is_none() {
        return Err(Error::too_many(most));
    }
    let filter = &look()?.filter;
    sockets.retain(|(_, socket)| is_meant(filter, socket));
    let problems = listed.problems + kept;
    let mut done = Collected { rows: 0, problems, stopped: listed.stopped };
    for (table, socket) in &sockets {
        if done.stopped {
            break;
        }
        let flow = match kill.diag.destroy(kill.right, &InetLookup::of(socket), interrupt) {
            Ok(()) => {
                done.rows += 1;
                sink.socket(*table, Socket::Inet(socket))
            }
            Err(error) if is_gone(socket, error.kind()) => ControlFlow::Continue(()),
            Err(error) if concerns_all(error.kind()) => return Err(error.into()),
            Err(error) => {
                done.problems += 1;
                let why = WhyKept::Refused(&error);
                sink.problem(Problem::NotDestroyed(*table, Socket::Inet(socket), why))
            }
        };
        done.stopped = flow.is_break();
    }
    Ok(done)
}

/// Returns whether a filter means a socket that it admitted, now that owners were looked for again.
///
/// Security: a socket without an inode is nobody's yet or no more. A connection that waits to be accepted is
/// one, and belongs to whom a filter may exclude.
fn is_meant(filter: &Filter, socket: &InetSocket) -> bool {
    let needs_inode = filter.admits_unknown_holders();
    (socket.inode.is_some() || !needs_inode) && filter.admits(&Socket::Inet(socket))
}

/// Returns whether a socket ended by itself before it was destroyed, as the other end of a
/// connection does that was reset.
///
/// Kernel: a socket that is bound and idle is never found.
fn is_gone(socket: &InetSocket, kind: ErrorKind) -> bool {
    kind == ErrorKind::NotFound && socket.state != TcpState::BoundInactive
}

/// Returns whether no other socket would be destroyed either.
fn concerns_all(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Denied | ErrorKind::Interrupted | ErrorKind::Timeout)
}

/// Keeps what is to be destroyed.
struct Chosen<'a> {
    sockets: Vec<(SocketTable, InetSocket)>,
    /// Sockets that may still be kept; `None` once there was one too many.
    room: Option<u64>,
    sink: &'a mut dyn Sink,
    /// Sockets that cannot be destroyed.
    kept: u64,
}

impl Sink for Chosen<'_> {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        match socket {
            // The cookie makes sure that no other socket is meant.
            Socket::Inet(inet) if inet.cookie.is_some() => {
                self.room = self.room.and_then(|room| room.checked_sub(1));
                if self.room.is_none() {
                    return ControlFlow::Break(());
                }
                self.sockets.push((table, inet.clone()));
                ControlFlow::Continue(())
            }
            _ => {
                self.kept += 1;
                self.sink.problem(Problem::NotDestroyed(table, socket, WhyKept::NoWay))
            }
        }
    }

    fn problem(&mut self, problem: Problem<'_>) -> ControlFlow<()> {
        self.sink.problem(problem)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use procnetsocket::{OwnerTable, SocketTables, Uninterrupted};
    use rstest::rstest;
    use testkit::{FakeProc, Tcp};

    use super::*;
    use crate::{Grant, Names, Policy, PolicyView, TableSet, expr::FilterText};

    #[rstest]
    #[case::what_somebody_holds("sport = 80", 7, true)]
    #[case::what_nobody_holds("sport = 80", 0, true)]
    #[case::not_of_a_process("not pid = 1 and sport = 80", 7, true)]
    #[case::not_of_a_process_and_nobodys("not pid = 1 and sport = 80", 0, false)]
    #[case::of_a_process_and_nobodys("pid = 1 or sport = 80", 0, true)]
    #[case::another("sport = 81", 7, false)]
    fn what_is_nobodys_is_not_meant_by_excluding_somebody(
        #[case] text: &str,
        #[case] inode: u64,
        #[case] is_meant: bool,
    ) {
        let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80").inode(inode)).build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let sockets = tables.read_tcp4(&Limits::default()).unwrap().rows;
        let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect());
        let view = PolicyView::new(tables, policy, Names::default());
        let text: FilterText = [text].into_iter().collect();
        let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted).unwrap();
        let filter = view.filter(parsed.expr).with_owners(&OwnerTable::default());
        assert_eq!(super::is_meant(&filter, &sockets[0]), is_meant);
    }
}
