//! Replies that are received before they are wanted, several at the same time.
//!
//! The kernel dumps the TCP sockets of a family from three tables: those that listen, those that
//! are bound and do nothing, and the connections. Each can be asked for alone, by states, and what
//! is answered one after the other is what one request for all of them is answered. So a question
//! is asked as up to three requests, and threads receive the replies of these and of the next
//! questions while the caller is still busy with the first: formatting overlaps with the kernel's
//! work, and the kernel works on several processors.
//!
//! A reply waits in a ring of [`RING`] datagrams. When it is full its thread stops receiving, and
//! the dump waits in the kernel: memory is bounded, and nothing is dumped twice.

use std::{
    cell::RefCell,
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel},
    },
    thread,
};

use super::{
    channel::{PATIENCE, TICK, has_end},
    dump::Dump,
    error::DiagError,
    request::Request,
    socket::{DiagSocket, is_final},
};
use crate::{
    error::Error,
    model::{InetProtocol, RowForm, StateMask, TcpState},
    processors::processors,
    table_query::{Bounds, TableQuery},
    visit::{ReadReport, Visitor},
};

/// Datagrams that wait in one ring: 48, of 32 KiB at most each.
const RING: usize = 48;

/// Threads that receive: 3. Each uses one netlink socket of the [`DiagSocket`].
const MAX_RECEIVERS: usize = 3;

/// Replies that are received ahead, see [`SocketTables::ahead`](crate::SocketTables::ahead).
#[derive(Debug, Default)]
pub struct Ahead(RefCell<VecDeque<AheadReply>>);

/// The reply to one question.
#[derive(Debug)]
pub(crate) struct AheadReply {
    question: TableQuery,
    parts: VecDeque<AheadPart>,
}

/// The reply to one of the requests of a question.
#[derive(Debug)]
struct AheadPart {
    request: Request,
    datagrams: Receiver<Result<AheadDatagram, Error>>,
    /// Takes datagrams back, so that their memory is used again.
    used: Sender<Vec<u8>>,
}

#[derive(Debug)]
struct AheadDatagram {
    /// The number of the request that it answers.
    sequence: u32,
    bytes: Vec<u8>,
}

/// A request that a thread is to make.
struct Job {
    request: Request,
    datagrams: SyncSender<Result<AheadDatagram, Error>>,
    used: Receiver<Vec<u8>>,
}

impl Ahead {
    /// Returns the reply to a question, if it is received. What was to come before it is not wanted
    /// any more.
    pub(crate) fn take(&self, question: &TableQuery) -> Option<AheadReply> {
        let mut replies = self.0.borrow_mut();
        let index = replies.iter().position(|reply| reply.question == *question)?;
        replies.drain(..index);
        replies.pop_front()
    }
}

impl DiagSocket {
    /// Has threads receive the replies to these questions while `work` runs, which asks them in
    /// this order. Where that cannot make anything faster there are no threads.
    pub(crate) fn ahead<R>(
        &self,
        questions: impl IntoIterator<Item = TableQuery>,
        work: impl FnOnce(&Ahead) -> R,
    ) -> R {
        let processors = processors();
        if processors == 1 || !self.has_spare_channels() {
            return work(&Ahead::default());
        }
        let (replies, jobs) = prepare(questions);
        let receivers = processors.min(MAX_RECEIVERS).min(jobs.len());
        let jobs = &Mutex::new(jobs);
        let is_over = &AtomicBool::new(false);
        thread::scope(|scope| {
            let ahead = Ahead(RefCell::new(replies));
            let mut started = 0;
            for _ in 0..receivers {
                let receive = move || Receiving { diag: self, jobs, is_over }.run();
                // OK because the others do the work of a thread that cannot be started.
                started += usize::from(thread::Builder::new().spawn_scoped(scope, receive).is_ok());
            }
            if started == 0 {
                forget(jobs);
            }
            let over = Over(is_over);
            let result = work(&ahead);
            drop((ahead, over));
            result
        })
    }
}

/// Ends the threads when it is dropped, also by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns what will be received, and the requests for it.
fn prepare(
    questions: impl IntoIterator<Item = TableQuery>,
) -> (VecDeque<AheadReply>, VecDeque<Job>) {
    let (mut replies, mut jobs) = (VecDeque::new(), VecDeque::new());
    for question in questions {
        let parts: VecDeque<_> = parts(&question)
            .map(|part| {
                let request = Request::Dump(part);
                let (sender, datagrams) = sync_channel(RING);
                let (used, receiver) = channel();
                let job = Job { request: request.clone(), datagrams: sender, used: receiver };
                jobs.push_back(job);
                AheadPart { request, datagrams, used }
            })
            .collect();
        if !parts.is_empty() {
            replies.push_back(AheadReply { question, parts });
        }
    }
    (replies, jobs)
}

/// Returns the requests that are answered, one after the other, what the question is answered; none
/// if it is answered so fast that a thread would cost more.
fn parts(question: &TableQuery) -> impl Iterator<Item = TableQuery> {
    const LISTEN: StateMask = StateMask::of(TcpState::Listen);
    const BOUND: StateMask = StateMask::of(TcpState::BoundInactive);
    // Kernel: the order in which `inet_diag_dump_icsk` walks the tables.
    const ORDER: [StateMask; 3] = [LISTEN, BOUND, StateMask::ALL.without(LISTEN).without(BOUND)];
    let is_tcp = matches!(question.table.form(), RowForm::Inet(InetProtocol::Tcp, _));
    let wanted = question.possible_states();
    let is_worth_it = is_tcp && !wanted.without(LISTEN).is_empty();
    let order = if is_worth_it { &ORDER[..] } else { &[] };
    let states = order.iter().map(move |part| wanted.intersection(*part));
    states
        .filter(|states| !states.is_empty())
        .map(|states| TableQuery { states, ..question.clone() })
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

    /// Makes a request, and hands its reply on. An error means that nobody wants it.
    fn receive(&self, job: &Job) -> Result<(), ()> {
        let send = |datagram| job.datagrams.send(datagram).map_err(drop);
        let is_over = || self.is_over.load(Ordering::Relaxed);
        let table = job.request.table();
        // Without a free socket the caller asks by itself.
        let Some(mut lease) = self.diag.lease_now() else { return Ok(()) };
        let encode = |sequence, out: &mut Vec<u8>| job.request.encode(sequence, out);
        let sequence = match lease.channel.send(table, &is_over, &encode) {
            Ok(sequence) => sequence,
            Err(error) => return send(Err(error)),
        };
        loop {
            let datagram = match lease.channel.receive(table, PATIENCE, &is_over) {
                Ok(datagram) => datagram,
                Err(error) => return send(Err(error)),
            };
            let mut bytes = job.used.try_recv().unwrap_or_default();
            bytes.clear();
            bytes.extend_from_slice(datagram);
            let is_end = has_end(datagram, sequence);
            if is_end {
                lease.channel.finish();
            }
            send(Ok(AheadDatagram { sequence, bytes }))?;
            if is_end {
                return Ok(());
            }
        }
    }
}

impl Drop for Receiving<'_> {
    /// Leaves nobody waiting for what no thread will receive.
    fn drop(&mut self) {
        if thread::panicking() {
            forget(self.jobs);
        }
    }
}

impl AheadReply {
    /// Hands each socket to a visitor. A part that no thread received is asked for now.
    ///
    /// Returns `None` if the table changed under a dump and the visitor has forgotten what it was
    /// given: then the question has to be asked again.
    pub(crate) fn visit(
        self,
        diag: &DiagSocket,
        bounds: Bounds<'_>,
        visitor: &mut dyn Visitor,
    ) -> Result<Option<ReadReport>, Error> {
        let mut dump = Dump::new(&Request::Dump(self.question), bounds);
        for part in self.parts {
            part.visit(diag, &mut dump, visitor)?;
            if dump.report().stopped {
                break;
            }
        }
        let report = dump.report();
        let is_repeated = !is_final(&report, 0) && visitor.restart();
        Ok((!is_repeated).then_some(report))
    }
}

impl AheadPart {
    fn visit(
        self,
        diag: &DiagSocket,
        dump: &mut Dump<'_>,
        visitor: &mut dyn Visitor,
    ) -> Result<(), Error> {
        let Some(AheadDatagram { sequence, mut bytes }) = self.wait(dump)? else {
            return diag.answer(&self.request, dump, visitor);
        };
        dump.begin(sequence);
        loop {
            dump.push(&bytes, visitor)?;
            if dump.is_over() || dump.report().stopped {
                return Ok(());
            }
            // OK because the thread needs it no more when it is gone.
            let _ = self.used.send(bytes);
            bytes = self.wait(dump)?.ok_or(DiagError::Overrun)?.bytes;
        }
    }

    /// Waits for a datagram; `None` if there comes no other.
    fn wait(&self, dump: &Dump<'_>) -> Result<Option<AheadDatagram>, Error> {
        loop {
            match self.datagrams.recv_timeout(TICK) {
                Ok(datagram) => return datagram.map(Some),
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
    use crate::model::Table;

    const LISTEN: StateMask = StateMask::of(TcpState::Listen);
    const BOUND: StateMask = StateMask::of(TcpState::BoundInactive);
    const ESTABLISHED: StateMask = StateMask::of(TcpState::Established);

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
    fn question_is_asked_in_parts(
        #[case] table: Table,
        #[case] states: StateMask,
        #[case] expected: &[StateMask],
    ) {
        let question = TableQuery::new(table).with_states(states).with_filter(vec![1]);
        let asked: Vec<_> = parts(&question).collect();
        assert!(asked.iter().all(|part| part.table == table && part.filter == [1]));
        assert_eq!(asked.iter().map(|part| part.states).collect::<Vec<_>>(), expected);
    }
}
