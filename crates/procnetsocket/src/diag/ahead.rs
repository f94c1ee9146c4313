//! Receives replies before they are needed, several at the same time.
//!
//! The kernel dumps the TCP sockets of a family from three tables: listeners, sockets that are only
//! bound, and connections. Each can be requested separately, by states, and their replies in
//! sequence contain the same as one reply for all. So a query is sent as up to three requests, and
//! threads receive the replies to these and to the next queries while the caller processes the
//! first: formatting overlaps with the kernel's work, and the kernel works on several processors.
//!
//! Where the queries for IPv4 and IPv6 are equal, [one walk](super::both) answers both.
//!
//! A reply waits in a ring of [`RING`] datagrams. When the ring is full, its thread stops receiving
//! and the dump waits in the kernel: memory is bounded, and nothing is dumped twice.

use std::{
    cell::RefCell,
    collections::VecDeque,
    mem,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel},
    },
    thread,
};

use super::{
    both::{KeptRows, Walk, are_pair},
    channel::{PATIENCE, TICK, has_end},
    dump::{Dump, FamilyOrder},
    error::DiagError,
    request::Request,
    socket::{DiagSocket, is_final},
};
use crate::{
    error::Error,
    model::{InetProtocol, RowForm, StateMask, Table, TcpState},
    processors::processors,
    table_query::{Bounds, TableQuery},
    visit::{ReadReport, Visitor},
};

/// Datagrams that wait in one ring: 96, each in a buffer of 32 KiB.
///
/// The connections wait while the kernel looks for bound idle sockets, which come before them and
/// take a third of their time; a ring that is full makes their dump wait, too.
const RING: usize = 96;

/// Datagrams that a thread passes on at a time: 8, so that the caller is not woken for each one.
const BATCH: usize = 8;

/// Threads that receive: 3. Each uses one netlink socket of the [`DiagSocket`].
const MAX_RECEIVERS: usize = 3;

/// Replies that are received ahead, see [`SocketTables::ahead`](crate::SocketTables::ahead).
#[derive(Debug, Default)]
pub(crate) struct AheadReplies(RefCell<VecDeque<AheadReply>>);

/// A query, and the order of its answer.
#[derive(Clone, Debug)]
pub(crate) struct AheadQuery {
    pub(crate) table_query: TableQuery,
    /// Whether the rows of IPv4 and IPv6 may come in any order.
    pub(crate) is_any_order: bool,
}

/// The reply to one query.
#[derive(Debug)]
pub(crate) struct AheadReply {
    query: TableQuery,
    rows: ReplyRows,
}

#[derive(Debug)]
enum ReplyRows {
    /// The replies to these requests; for a request of both families, with the order of the rows.
    Coming(VecDeque<AheadPart>, Option<FamilyOrder>),
    /// Rows that came with the reply to the query before.
    Kept(KeptRows),
}

/// The reply to one of the requests of a query.
#[derive(Debug)]
struct AheadPart {
    walk: Walk,
    /// The ring into which a thread receives it.
    received: Option<Received>,
}

#[derive(Debug)]
struct Received {
    batches: Receiver<Result<Batch, Error>>,
    /// Returns buffers to the thread, which reuses them.
    used: Sender<Box<[u8]>>,
}

/// Up to [`BATCH`] consecutive datagrams.
#[derive(Debug)]
struct Batch {
    /// The number of the request that they answer.
    sequence: u32,
    datagrams: Vec<AheadDatagram>,
}

#[derive(Debug)]
struct AheadDatagram {
    /// The buffer that it was received into.
    buffer: Box<[u8]>,
    length: usize,
}

impl AheadDatagram {
    fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }
}

/// A request for a thread to send.
struct Job {
    walk: Walk,
    batches: SyncSender<Result<Batch, Error>>,
    used: Receiver<Box<[u8]>>,
}

impl AheadReplies {
    /// Returns the reply to a query, if it is being received. Replies before it are dropped.
    pub(crate) fn take(&self, query: &TableQuery) -> Option<AheadReply> {
        let mut replies = self.0.borrow_mut();
        let index = replies.iter().position(|reply| reply.query == *query)?;
        replies.drain(..index);
        replies.pop_front()
    }

    /// Adds the rows of IPv6 that came with the reply to a query for IPv4.
    fn add_kept(&self, query: TableQuery, kept: KeptRows) {
        let query = TableQuery { table: Table::Tcp6, ..query };
        let reply = AheadReply { query, rows: ReplyRows::Kept(kept) };
        self.0.borrow_mut().push_front(reply);
    }
}

impl DiagSocket {
    /// Has threads receive the replies to these queries while `work` runs, which makes them in this
    /// order. Starts no threads where they would not be faster.
    ///
    /// `has_few_ipv6` returns whether the rows of IPv6 can probably be kept. If not, they take a
    /// second walk.
    pub(crate) fn ahead<R>(
        &self,
        queries: &[AheadQuery],
        has_few_ipv6: &dyn Fn(&TableQuery) -> bool,
        work: impl FnOnce(AheadReplies) -> R,
    ) -> R {
        let processors = processors();
        let has_threads = processors > 1 && self.has_spare_channels();
        let (replies, jobs) = prepare(queries, has_threads, has_few_ipv6);
        let receivers = processors.min(MAX_RECEIVERS).min(jobs.len());
        if receivers == 0 {
            return work(AheadReplies(RefCell::new(replies)));
        }
        let jobs = &Mutex::new(jobs);
        let is_over = &AtomicBool::new(false);
        thread::scope(|scope| {
            let _over = Over(is_over);
            let mut started = 0;
            for _ in 0..receivers {
                let receive = move || Receiving { diag: self, jobs, is_over }.run();
                // OK because the other threads do the work of one that cannot be started.
                started += usize::from(thread::Builder::new().spawn_scoped(scope, receive).is_ok());
            }
            if started == 0 {
                forget(jobs);
            }
            work(AheadReplies(RefCell::new(replies)))
        })
    }
}

/// Ends the threads when it is dropped, even by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns what will be received, and the requests that threads make for it.
fn prepare(
    mut queries: &[AheadQuery],
    has_threads: bool,
    has_few_ipv6: &dyn Fn(&TableQuery) -> bool,
) -> (VecDeque<AheadReply>, VecDeque<Job>) {
    let (mut replies, mut jobs) = (VecDeque::new(), VecDeque::new());
    while let [first, rest @ ..] = queries {
        queries = rest;
        let order = rest.first().and_then(|next| one_walk(first, next, has_few_ipv6));
        let query = &first.table_query;
        let splits = has_threads && is_worth_threads(query);
        let walk = |query| match order {
            Some(_) => Walk::BothFamilies(query),
            None => Walk::Table(query),
        };
        let parts: VecDeque<_> = if splits {
            parts(query).map(|part| ahead_part(walk(part), &mut jobs)).collect()
        } else if order.is_some() {
            [AheadPart { walk: walk(query.clone()), received: None }].into()
        } else {
            // Requested when it is needed, as any other query.
            continue;
        };
        let rows = ReplyRows::Coming(parts, order);
        replies.push_back(AheadReply { query: query.clone(), rows });
        if order.is_some() {
            queries = queries.get(1..).unwrap_or_default();
        }
    }
    (replies, jobs)
}

/// Returns the order of the rows if one walk can answer two queries.
fn one_walk(
    first: &AheadQuery,
    next: &AheadQuery,
    has_few_ipv6: &dyn Fn(&TableQuery) -> bool,
) -> Option<FamilyOrder> {
    if !are_pair(&first.table_query, &next.table_query) {
        return None;
    }
    if first.is_any_order && next.is_any_order {
        return Some(FamilyOrder::Any);
    }
    has_few_ipv6(&first.table_query).then_some(FamilyOrder::Ipv4First)
}

/// Returns the reply to a request, and adds the request to those for the threads.
fn ahead_part(walk: Walk, jobs: &mut VecDeque<Job>) -> AheadPart {
    let (sender, batches) = sync_channel(RING / BATCH);
    let (used, receiver) = channel();
    jobs.push_back(Job { walk: walk.clone(), batches: sender, used: receiver });
    AheadPart { walk, received: Some(Received { batches, used }) }
}

const LISTEN: StateMask = StateMask::of(TcpState::Listen);
const BOUND: StateMask = StateMask::of(TcpState::BoundInactive);

/// Returns whether the answer takes long enough to be worth a thread.
fn is_worth_threads(query: &TableQuery) -> bool {
    let is_tcp = matches!(query.table.form(), RowForm::Inet(InetProtocol::Tcp, _));
    is_tcp && !query.possible_states().without(LISTEN).is_empty()
}

/// Returns the requests whose replies, in sequence, are the reply to the query.
fn parts(query: &TableQuery) -> impl Iterator<Item = TableQuery> {
    // Kernel: the order in which `inet_diag_dump_icsk` walks the tables.
    const ORDER: [StateMask; 3] = [LISTEN, BOUND, StateMask::ALL.without(LISTEN).without(BOUND)];
    let wanted = query.possible_states();
    let states = ORDER.into_iter().map(move |part| wanted.intersection(part));
    states.filter(|states| !states.is_empty()).map(|states| TableQuery { states, ..query.clone() })
}

fn forget(jobs: &Mutex<VecDeque<Job>>) {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// A thread that receives replies.
struct Receiving<'a> {
    diag: &'a DiagSocket,
    jobs: &'a Mutex<VecDeque<Job>>,
    is_over: &'a AtomicBool,
}

impl Receiving<'_> {
    fn run(self) {
        while let Some(job) = self.next_job() {
            // OK because the caller is gone then.
            let _ = self.receive(&job);
        }
    }

    fn next_job(&self) -> Option<Job> {
        if self.is_over.load(Ordering::Relaxed) {
            return None;
        }
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Sends a request, and passes its reply on. An error means that it is no longer needed.
    fn receive(&self, job: &Job) -> Result<(), ()> {
        let send = |batch| job.batches.send(batch).map_err(drop);
        let is_over = || self.is_over.load(Ordering::Relaxed);
        let table = job.walk.table();
        // Without a free socket the caller sends the request itself.
        let Some(mut lease) = self.diag.lease_now() else { return Ok(()) };
        let encode = |sequence, out: &mut Vec<u8>| job.walk.encode(sequence, out);
        let sequence = match lease.channel.send(table, &is_over, &encode) {
            Ok(sequence) => sequence,
            Err(error) => return send(Err(error)),
        };
        let mut datagrams = Vec::new();
        loop {
            let datagram = match lease.channel.receive(table, PATIENCE, &is_over) {
                Ok(datagram) => datagram,
                Err(error) => {
                    send(Ok(Batch { sequence, datagrams }))?;
                    return send(Err(error));
                }
            };
            let (is_end, length) = (has_end(datagram, sequence), datagram.len());
            if is_end {
                lease.channel.finish();
            }
            let buffer = lease.channel.take_buffer(job.used.try_recv().ok());
            datagrams.push(AheadDatagram { buffer, length });
            if is_end {
                return send(Ok(Batch { sequence, datagrams }));
            }
            if datagrams.len() == BATCH {
                send(Ok(Batch { sequence, datagrams: mem::take(&mut datagrams) }))?;
            }
        }
    }
}

impl Drop for Receiving<'_> {
    /// Ends the waits for replies that no thread will receive.
    fn drop(&mut self) {
        if thread::panicking() {
            forget(self.jobs);
        }
    }
}

impl AheadReply {
    /// Passes each socket to a visitor. A part that no thread received is requested now.
    ///
    /// Returns `None` if the query has to be repeated: the table changed during a dump and the
    /// visitor discarded its rows, or the kernel does not support requests for both families.
    pub(crate) fn visit(
        self,
        ahead: &AheadReplies,
        diag: &DiagSocket,
        bounds: Bounds<'_>,
        visitor: &mut dyn Visitor,
    ) -> Result<Option<ReadReport>, Error> {
        let query = self.query;
        let mut dump = Dump::new(&Request::Dump(query.clone()), bounds);
        let is_both = match self.rows {
            ReplyRows::Kept(kept) => {
                dump.push_kept(kept, visitor)?;
                return Ok(Some(dump.report()));
            }
            ReplyRows::Coming(parts, order) => {
                if let Some(order) = order {
                    dump = dump.of_both_families(order);
                }
                let visited = visit_parts(parts, diag, &mut dump, visitor);
                if let Err(error) = visited {
                    let is_refused = order.is_some()
                        && (error.has_no_answer() || error.may_be_about_filter())
                        && dump.report().rows == 0;
                    return if is_refused { Ok(None) } else { Err(error) };
                }
                order.is_some()
            }
        };
        let report = dump.report();
        if !is_final(&report, 0) && visitor.restart() {
            return Ok(None);
        }
        if is_both
            && !report.stopped
            && let Some(kept) = dump.into_ipv6()
        {
            ahead.add_kept(query, kept);
        }
        Ok(Some(report))
    }
}

fn visit_parts(
    parts: VecDeque<AheadPart>,
    diag: &DiagSocket,
    dump: &mut Dump<'_>,
    visitor: &mut dyn Visitor,
) -> Result<(), Error> {
    for part in parts {
        part.visit(diag, dump, visitor)?;
        if dump.report().stopped {
            break;
        }
    }
    Ok(())
}

impl AheadPart {
    fn visit(
        self,
        diag: &DiagSocket,
        dump: &mut Dump<'_>,
        visitor: &mut dyn Visitor,
    ) -> Result<(), Error> {
        let Some(received) = self.received else { return diag.answer(&self.walk, dump, visitor) };
        let Some(mut batch) = received.wait(dump)? else {
            return diag.answer(&self.walk, dump, visitor);
        };
        dump.begin(batch.sequence);
        loop {
            for datagram in batch.datagrams {
                dump.push(datagram.bytes(), visitor)?;
                if dump.is_over() || dump.report().stopped {
                    return Ok(());
                }
                // OK because a thread that ended does not need it.
                let _ = received.used.send(datagram.buffer);
            }
            batch = received.wait(dump)?.ok_or(DiagError::Overrun)?;
        }
    }
}

impl Received {
    /// Waits for datagrams; returns `None` at the end of the reply.
    fn wait(&self, dump: &Dump<'_>) -> Result<Option<Batch>, Error> {
        loop {
            match self.batches.recv_timeout(TICK) {
                Ok(batch) => return batch.map(Some),
                Err(RecvTimeoutError::Timeout) => dump.check()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{diag::error::of_dump, error::ErrorKind, model::Socket, visit::Each};

    const ESTABLISHED: StateMask = StateMask::of(TcpState::Established);

    fn ask(table: Table, states: StateMask) -> AheadQuery {
        let table_query = TableQuery { states, filter: vec![1], ..TableQuery::new(table) };
        AheadQuery { table_query, is_any_order: false }
    }

    #[rstest]
    #[case::each_table_of_the_kernel(
        Table::Tcp4,
        LISTEN.union(BOUND).union(ESTABLISHED),
        &[LISTEN, BOUND, ESTABLISHED]
    )]
    #[case::one_of_them(Table::Tcp6, ESTABLISHED, &[ESTABLISHED])]
    #[case::listeners_are_few(Table::Tcp4, LISTEN, &[])]
    #[case::impossible_states(Table::Tcp4, StateMask::of(TcpState::Close), &[])]
    #[case::other_protocol(Table::Udp4, StateMask::ALL, &[])]
    #[case::other_family(Table::Unix, StateMask::ALL, &[])]
    fn query_is_asked_in_parts(
        #[case] table: Table,
        #[case] states: StateMask,
        #[case] expected: &[StateMask],
    ) {
        let query = ask(table, states);
        let (replies, jobs) = prepare(std::slice::from_ref(&query), true, &|_| true);
        assert_eq!(replies.len(), usize::from(!expected.is_empty()));
        let part = |states: &StateMask| {
            Walk::Table(TableQuery { states: *states, ..query.table_query.clone() })
        };
        let asked: Vec<_> = jobs.into_iter().map(|job| job.walk).collect();
        assert_eq!(asked, expected.iter().map(part).collect::<Vec<_>>());
        // Without threads it is requested when it is needed.
        assert!(prepare(&[query], false, &|_| true).0.is_empty());
    }

    /// A kernel, or an emulation of one, may lack the older interface.
    #[rstest]
    #[case::no_handler(DiagError::NoHandler(Table::Tcp4), None)]
    #[case::refused(of_dump(Table::Tcp4, 95), None)]
    #[case::invalid(of_dump(Table::Tcp4, 22), None)]
    #[case::other(DiagError::Overrun, Some(ErrorKind::Overrun))]
    fn families_are_requested_separately_if_both_are_refused(
        #[case] error: DiagError,
        #[case] expected: Option<ErrorKind>,
    ) {
        #[expect(clippy::disallowed_methods, reason = "the test is its own host")]
        let diag = DiagSocket::open_ambient(cap_std::ambient_authority()).unwrap();
        let query = ask(Table::Tcp4, ESTABLISHED).table_query;
        let mut jobs = VecDeque::new();
        let part = ahead_part(Walk::BothFamilies(query.clone()), &mut jobs);
        jobs.pop_front().unwrap().batches.send(Err(error.into())).unwrap();
        let rows = ReplyRows::Coming([part].into(), Some(FamilyOrder::Ipv4First));
        let (ahead, reply) = (AheadReplies::default(), AheadReply { query: query.clone(), rows });
        let mut each = Each(|_: Socket<'_>| {});
        let read = reply.visit(&ahead, &diag, Bounds::default(), &mut each);
        assert_eq!(read.as_ref().err().map(Error::kind), expected);
        assert!(read.is_err() || read.is_ok_and(|report| report.is_none()));
        let other = TableQuery { table: Table::Tcp6, ..query };
        assert!(ahead.take(&other).is_none());
    }

    #[rstest]
    #[case::in_parts(true, ESTABLISHED.union(LISTEN), true, 2)]
    #[case::listeners_are_few(true, LISTEN, true, 0)]
    #[case::without_threads(false, ESTABLISHED.union(LISTEN), true, 0)]
    #[case::too_many_to_keep(true, ESTABLISHED, false, 2)]
    fn one_walk_requests_both_families(
        #[case] has_threads: bool,
        #[case] states: StateMask,
        #[case] is_one_walk: bool,
        #[case] expected: usize,
    ) {
        let mut queries = [ask(Table::Tcp4, states), ask(Table::Tcp6, states)];
        let (replies, jobs) = prepare(&queries, has_threads, &|_| is_one_walk);
        assert_eq!(jobs.len(), expected);
        assert_eq!(replies.len(), if is_one_walk { 1 } else { 2 });
        let order = |replies: &VecDeque<AheadReply>| match replies.front().unwrap().rows {
            ReplyRows::Coming(_, order) => order,
            ReplyRows::Kept(_) => panic!("nothing came yet"),
        };
        assert_eq!(order(&replies), is_one_walk.then_some(FamilyOrder::Ipv4First));
        // Rows that may come in any order are not kept.
        for query in &mut queries {
            query.is_any_order = true;
        }
        let (replies, _) = prepare(&queries, has_threads, &|_| is_one_walk);
        assert_eq!((replies.len(), order(&replies)), (1, Some(FamilyOrder::Any)));
    }
}
