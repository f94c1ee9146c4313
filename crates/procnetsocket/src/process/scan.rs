//! The scan over all processes, on several threads.

use std::{
    io,
    ops::ControlFlow,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use bstr::BString;
use rustix::io::Errno;

use super::{
    query::{MAX_WORKERS, ProcessLimits, ProcessQuery, Threads, WantedSockets},
    report::{ProcVisibility, ProcessReport, ProcessSocket, Task},
    task::{
        Descriptors, Opened, ProcessAccess, Room, describe, looked, read_name, read_sockets,
        reads_as_ended, reads_as_kernel_thread,
    },
};
use crate::{
    error::{Error, Repr},
    model::Inode,
    proc::root::{ListingBuffer, Numbers, Pid, ProcRoot, TaskDir},
    processors::processors,
    visit::Interrupt,
};

/// Interval at which the caller's interrupt is polled while it waits for the other threads.
const POLL: Duration = Duration::from_millis(10);

/// Reads every process of a root.
pub(crate) fn scan(
    root: &ProcRoot,
    query: &ProcessQuery,
    limits: &ProcessLimits,
    interrupt: &dyn Interrupt,
) -> Result<ProcessReport, Error> {
    let pids = pids(root, limits)?;
    let visibility = if root.is_live() { shown(root, &pids) } else { ProcVisibility::All };
    let scan = ProcessScan::new(root, query, limits, &pids);
    let mut found = scan.run(interrupt)?;
    found.sort_unstable_by_key(|process| process.index);
    let closed = found.iter().filter(|process| process.access == ProcessAccess::Closed).count();
    Ok(ProcessReport {
        tasks: found.into_iter().flat_map(|process| process.tasks).collect(),
        closed: u64::try_from(closed).unwrap_or(u64::MAX),
        visibility,
    })
}

/// Returns which processes a live `/proc` shows. `pids` is in ascending order.
///
/// Kernel: the second process of the machine is the first kernel thread (`kthreadd`). It is in the
/// `/proc` of the first PID namespace and in no other, and belongs to root, so it is hidden
/// whenever other users' processes are.
fn shown(root: &ProcRoot, pids: &[Pid]) -> ProcVisibility {
    let number = |place: usize| pids.get(place).map(|pid| pid.get());
    if number(0) != Some(1) {
        return ProcVisibility::Some;
    }
    let second = pids.get(1).filter(|pid| pid.get() == 2);
    let is_thread = second.and_then(|pid| match root.open_process(*pid) {
        Ok(dir) => reads_as_kernel_thread(&dir),
        Err(_) => None,
    });
    match (second, is_thread) {
        // A process that is listed but unreadable is counted as closed.
        (Some(_), Some(true) | None) => ProcVisibility::All,
        _ => ProcVisibility::Namespace,
    }
}

/// Returns the processes of a root, in the order of the kernel.
pub(crate) fn pids(root: &ProcRoot, limits: &ProcessLimits) -> Result<Vec<Pid>, Error> {
    numbers(&root.processes()?, limits, "processes")
}

/// Returns the name of a process, if it exists and may be read.
pub(crate) fn name_of(root: &ProcRoot, pid: Pid) -> Option<BString> {
    read_name(&root.open_process(pid).ok()?).known()
}

/// Reads the numbers of processes or threads.
fn numbers(
    directory: &Numbers,
    limits: &ProcessLimits,
    what: &'static str,
) -> Result<Vec<Pid>, Error> {
    let limit = limits.processes;
    let mut pids = Vec::new();
    let read = directory.read(&mut Numbers::buffer(), |number, _| {
        pids.extend(Pid::new(number));
        let count = u64::try_from(pids.len()).unwrap_or(u64::MAX);
        if count > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match read {
        // OK because a process that is gone has no threads.
        Ok(ControlFlow::Continue(())) | Err(Errno::NOENT | Errno::SRCH) => Ok(pids),
        Ok(ControlFlow::Break(())) => {
            Err(Repr::TooManyProcesses { what, limit, bound: "processes" }.into())
        }
        Err(errno) => Err(list_failed(what, errno)),
    }
}

fn list_failed(what: &'static str, errno: Errno) -> Error {
    Repr::List { what, source: io::Error::from(errno) }.into()
}

/// The state that the threads of a scan share.
struct ProcessScan<'a> {
    root: &'a ProcRoot,
    query: &'a ProcessQuery,
    /// The sockets whose processes are wanted, sorted; `None` for all.
    wanted: Option<Vec<Inode>>,
    limits: &'a ProcessLimits,
    pids: &'a [Pid],
    /// Index of the next process to read.
    next: AtomicUsize,
    /// Number of sockets that were found so far.
    held: AtomicU64,
    room: Room,
    /// Whether one of the threads has ended the scan.
    is_over: AtomicBool,
    /// Whether the kernel reports the number of descriptors.
    has_counts: OnceLock<bool>,
}

/// The result for one process.
struct ScannedProcess {
    /// Its index in the list of processes.
    index: usize,
    tasks: Vec<Task>,
    access: ProcessAccess,
}

/// The reason for which a thread ends before all processes are done.
enum Halt {
    /// Another thread has ended the scan.
    Over,
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl<'a> ProcessScan<'a> {
    fn new(
        root: &'a ProcRoot,
        query: &'a ProcessQuery,
        limits: &'a ProcessLimits,
        pids: &'a [Pid],
    ) -> Self {
        let wanted = match &query.sockets {
            WantedSockets::All => None,
            WantedSockets::These(inodes) => Some(sorted(inodes.clone())),
        };
        Self {
            root,
            query,
            wanted,
            limits,
            pids,
            next: AtomicUsize::new(0),
            held: AtomicU64::new(0),
            room: Room::new(limits.detail_bytes),
            is_over: AtomicBool::new(false),
            has_counts: OnceLock::new(),
        }
    }

    /// Reads all processes, on this thread and on helpers. The interrupt is polled on this one.
    fn run(&self, interrupt: &dyn Interrupt) -> Result<Vec<ScannedProcess>, Error> {
        let processors = processors();
        let helpers = processors.min(MAX_WORKERS).min(self.pids.len()).saturating_sub(1);
        thread::scope(|scope| {
            let helpers: Vec<_> = (0..helpers)
                // OK because a thread that cannot be started leaves its work to the others.
                .map_while(|_| {
                    let caller = thread::current();
                    let help = move || {
                        let found = self.work(&|| false);
                        caller.unpark();
                        found
                    };
                    thread::Builder::new().spawn_scoped(scope, help).ok()
                })
                .collect();
            let mut results = vec![self.work(&|| interrupt.is_interrupted())];
            self.wait(&helpers, interrupt);
            results.extend(helpers.into_iter().map(|helper| match helper.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }));
            merge(results)
        })
    }

    /// Waits for the helpers, and ends the scan when the caller asks for it.
    fn wait<T>(&self, helpers: &[thread::ScopedJoinHandle<'_, T>], interrupt: &dyn Interrupt) {
        while !helpers.iter().all(thread::ScopedJoinHandle::is_finished) {
            if interrupt.is_interrupted() {
                self.is_over.store(true, Ordering::Relaxed);
            }
            // A helper ends the waiting as soon as it is done.
            thread::park_timeout(POLL);
        }
    }

    /// Reads one process after the other, until none is left.
    fn work(&self, is_interrupted: &dyn Fn() -> bool) -> Result<Vec<ScannedProcess>, Halt> {
        let mut worker = ScanWorker { scan: self, is_interrupted, buffer: Numbers::buffer() };
        let mut found = Vec::new();
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(pid) = self.pids.get(index) else { return Ok(found) };
            match worker.process(*pid) {
                Ok((tasks, access)) => {
                    if access == ProcessAccess::Closed || !tasks.is_empty() {
                        found.push(ScannedProcess { index, tasks, access });
                    }
                }
                Err(halt) => {
                    self.is_over.store(true, Ordering::Relaxed);
                    return Err(halt);
                }
            }
        }
    }

    fn is_wanted(&self, inode: Inode) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.binary_search(&inode).is_ok())
    }

    /// Counts sockets that are kept.
    fn count(&self, held: usize) -> Result<(), Error> {
        let held = u64::try_from(held).unwrap_or(u64::MAX);
        let before = self.held.fetch_add(held, Ordering::Relaxed);
        let limit = self.limits.process_sockets;
        if before.saturating_add(held) <= limit {
            return Ok(());
        }
        Err(Repr::TooManyProcesses {
            what: "descriptors of sockets",
            limit,
            bound: "process_sockets",
        }
        .into())
    }

    /// Returns whether an unreadable process has no descriptors, as kernel threads.
    fn is_empty(&self, dir: &TaskDir<'_>) -> bool {
        dir.descriptor_count() == Some(0) && *self.has_counts.get_or_init(|| self.reports_counts())
    }

    /// Returns whether this kernel reports the number of descriptors, by that of this process,
    /// which has at least one.
    fn reports_counts(&self) -> bool {
        let own = Pid::new(std::process::id()).and_then(|pid| self.root.open_process(pid).ok());
        own.and_then(|own| own.descriptor_count()).is_some_and(|count| count > 0)
    }
}

fn sorted(mut inodes: Vec<Inode>) -> Vec<Inode> {
    inodes.sort_unstable();
    inodes
}

/// Joins the results of the threads. If one failed, its error is returned.
fn merge(results: Vec<Result<Vec<ScannedProcess>, Halt>>) -> Result<Vec<ScannedProcess>, Error> {
    let mut all = Vec::new();
    let mut is_complete = true;
    for result in results {
        match result {
            Ok(found) => all.extend(found),
            Err(Halt::Over) => is_complete = false,
            Err(Halt::Failed(error)) => return Err(error),
        }
    }
    // OK because a thread ends early only after another one failed.
    if is_complete { Ok(all) } else { Err(Repr::ProcessScanInterrupted.into()) }
}

/// The threads whose descriptors count for a process.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WhichThreads {
    /// Those of its first thread that has any.
    First,
    /// Those of all its threads.
    All,
}

/// One thread of a scan.
struct ScanWorker<'a> {
    scan: &'a ProcessScan<'a>,
    is_interrupted: &'a dyn Fn() -> bool,
    buffer: ListingBuffer,
}

impl ScanWorker<'_> {
    /// Returns the tasks of a process that have wanted sockets open, and whether it could be read.
    fn process(&mut self, pid: Pid) -> Result<(Vec<Task>, ProcessAccess), Halt> {
        self.check()?;
        let process = match looked(self.scan.root.open_process(pid))? {
            Opened::Found(process) => process,
            Opened::Gone => return Ok((Vec::new(), ProcessAccess::Open)),
            Opened::Closed => return Ok((Vec::new(), ProcessAccess::Closed)),
        };
        let mut tasks = Vec::new();
        let access = match self.scan.query.threads {
            Threads::Together => self.whole(&process, pid, WhichThreads::First, &mut tasks)?,
            Threads::Joined => self.whole(&process, pid, WhichThreads::All, &mut tasks)?,
            Threads::Apart => self.threads(&process, pid, &mut tasks)?,
        };
        Ok((tasks, access))
    }

    /// Adds a process once, with what its threads have open.
    ///
    /// Threads share their descriptors, so the first one is enough, whose directory is that of the
    /// process. Kernel: if it has ended, and others have not, it has no descriptors any more.
    fn whole(
        &mut self,
        process: &TaskDir<'_>,
        pid: Pid,
        which: WhichThreads,
        tasks: &mut Vec<Task>,
    ) -> Result<ProcessAccess, Halt> {
        let Descriptors { mut held, mut access, is_empty } = self.descriptors(process)?;
        let has_ended = is_empty && access == ProcessAccess::Open && reads_as_ended(process);
        if has_ended || which == WhichThreads::All {
            for tid in self.other_threads(process, pid, &mut access)? {
                let Opened::Found(thread) = looked(process.thread(tid))? else { continue };
                let more = self.descriptors(&thread)?;
                held.extend(more.held);
                if more.access == ProcessAccess::Closed {
                    access = ProcessAccess::Closed;
                }
                if !more.is_empty && which == WhichThreads::First {
                    break;
                }
            }
            held.sort_unstable_by_key(|held| (held.fd, held.inode));
            held.dedup();
        }
        self.add((process, process), (pid, None), held, tasks)?;
        Ok(access)
    }

    /// Adds the threads of a process one by one.
    fn threads(
        &mut self,
        process: &TaskDir<'_>,
        pid: Pid,
        tasks: &mut Vec<Task>,
    ) -> Result<ProcessAccess, Halt> {
        let Descriptors { held, mut access, .. } = self.descriptors(process)?;
        self.add((process, process), (pid, Some(pid)), held, tasks)?;
        if access == ProcessAccess::Closed {
            return Ok(access);
        }
        for tid in self.other_threads(process, pid, &mut access)? {
            let Opened::Found(thread) = looked(process.thread(tid))? else { continue };
            let Descriptors { held, access: of_thread, .. } = self.descriptors(&thread)?;
            self.add((&thread, process), (pid, Some(tid)), held, tasks)?;
            if of_thread == ProcessAccess::Closed {
                access = ProcessAccess::Closed;
            }
        }
        Ok(access)
    }

    /// Returns the threads of a process except the first one, which is the process itself.
    fn other_threads(
        &mut self,
        process: &TaskDir<'_>,
        pid: Pid,
        access: &mut ProcessAccess,
    ) -> Result<Vec<Pid>, Halt> {
        let threads = match looked(process.threads())? {
            Opened::Found(threads) => threads,
            Opened::Gone => return Ok(Vec::new()),
            Opened::Closed => {
                *access = ProcessAccess::Closed;
                return Ok(Vec::new());
            }
        };
        let mut tids = numbers(&threads, self.scan.limits, "threads of a process")?;
        tids.retain(|tid| *tid != pid);
        Ok(tids)
    }

    /// Reads the wanted sockets of a task.
    fn descriptors(&mut self, dir: &TaskDir<'_>) -> Result<Descriptors, Halt> {
        let nothing = |access| Descriptors { held: Vec::new(), access, is_empty: true };
        let descriptors = match looked(dir.descriptors())? {
            Opened::Found(descriptors) => descriptors,
            Opened::Gone => return Ok(nothing(ProcessAccess::Open)),
            Opened::Closed if self.scan.is_empty(dir) => return Ok(nothing(ProcessAccess::Open)),
            Opened::Closed => return Ok(nothing(ProcessAccess::Closed)),
        };
        let Self { scan, is_interrupted, buffer } = self;
        let read = read_sockets(&descriptors, buffer, &|inode| scan.is_wanted(inode), &|| {
            proceeds(scan, *is_interrupted)
        });
        match read.map_err(|errno| list_failed("descriptors", errno))? {
            ControlFlow::Continue(read) => Ok(read),
            ControlFlow::Break(()) => Err(self.halt()),
        }
    }

    /// Adds a task if it has wanted sockets open.
    fn add(
        &self,
        (dir, process): (&TaskDir<'_>, &TaskDir<'_>),
        numbers: (Pid, Option<Pid>),
        held: Vec<ProcessSocket>,
        tasks: &mut Vec<Task>,
    ) -> Result<(), Halt> {
        if !held.is_empty() {
            self.scan.count(held.len())?;
            let details = (self.scan.query.details, &self.scan.room);
            tasks.push(describe(dir, process, numbers, details, held));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Halt> {
        match proceeds(self.scan, self.is_interrupted) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(self.halt()),
        }
    }

    /// Returns the reason for which the scan ends.
    fn halt(&self) -> Halt {
        if (self.is_interrupted)() {
            Halt::Failed(Repr::ProcessScanInterrupted.into())
        } else {
            Halt::Over
        }
    }
}

/// Returns whether a thread goes on.
fn proceeds(scan: &ProcessScan<'_>, is_interrupted: &dyn Fn() -> bool) -> ControlFlow<()> {
    if scan.is_over.load(Ordering::Relaxed) || is_interrupted() {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}
