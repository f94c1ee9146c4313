//! This process's own sockets, on the machine that runs the tests.

use std::{
    net::TcpListener,
    os::{fd::AsRawFd, unix::net::UnixStream},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use procnetsocket::{Fact, Pid, ProcRoot, ProcessDetails, ProcessQuery, SocketTables, Threads};

use super::{ask, inode};

fn tables() -> SocketTables {
    SocketTables::from_root(ProcRoot::open_ambient(cap_std::ambient_authority()).unwrap())
}

fn inode_of(socket: &impl std::os::fd::AsFd) -> u64 {
    rustix::fs::fstat(socket).unwrap().st_ino
}

fn own_pid() -> Pid {
    Pid::new(std::process::id()).unwrap()
}

#[test]
fn socket_of_this_process_is_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let again = listener.try_clone().unwrap();
    let number = inode(inode_of(&listener));
    let table = ask(&tables(), &ProcessQuery::of(vec![number]).with_details(ProcessDetails::Full));
    let found: Vec<_> = table.of(number).map(|process| process.fd).collect();
    let mut expected = [listener.as_raw_fd(), again.as_raw_fd()];
    expected.sort_unstable();
    assert_eq!(found, expected.map(|fd| u32::try_from(fd).unwrap()));
    let task = &table.tasks()[0];
    assert_eq!((task.pid, task.tid), (own_pid(), None));
    assert_eq!(task.uid, Fact::Known(rustix::process::geteuid().as_raw()));
    let executable = std::env::current_exe().unwrap();
    let Fact::Known(path) = &task.executable else { panic!("{:?}", task.executable) };
    assert_eq!(*path, executable.to_str().unwrap());
    let Fact::Known(words) = &task.command_line else { panic!("{:?}", task.command_line) };
    assert_eq!(words.len(), std::env::args().count());
}

#[test]
fn thread_has_the_sockets_of_its_process() {
    let (one, _other) = UnixStream::pair().unwrap();
    let number = inode(inode_of(&one));
    std::thread::scope(|scope| {
        let (started, is_started) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            started.send(rustix::thread::gettid()).unwrap();
            let _ = ended.recv();
        });
        let tid = is_started.recv().unwrap().as_raw_nonzero().get();
        let tid = Pid::new(u32::try_from(tid).unwrap());
        let table = ask(&tables(), &ProcessQuery::of(vec![number]).with_threads(Threads::Apart));
        let tids: Vec<_> = table.of(number).map(|process| process.task.tid).collect();
        assert_eq!(tids.first(), Some(&Some(own_pid())), "the first thread comes first");
        assert!(tids.contains(&tid), "{tid:?} is not in {tids:?}");
        assert!(table.tasks().iter().all(|task| task.pid == own_pid()));
        drop(end);
    });
}

#[test]
fn name_of_this_process_is_known() {
    let name = tables().process_name(own_pid()).unwrap();
    let executable = std::env::current_exe().unwrap();
    let file = executable.file_name().unwrap().as_encoded_bytes();
    assert!(file.starts_with(&name), "{name}");
}

/// Scans beside processes that start and end, in each mode of threads.
const SCANS: [usize; 2] = [30, 1_000];

/// Ends the churn, also when the test fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn processes_that_end_during_a_scan_are_no_error() {
    let is_over = AtomicBool::new(false);
    let started = AtomicUsize::new(0);
    let churn = || {
        while !is_over.load(Ordering::Relaxed) {
            #[expect(clippy::disallowed_methods, reason = "a process that ends at once")]
            let status = std::process::Command::new("true").status();
            assert!(status.unwrap().success());
            started.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(churn)));
        let _stop = StopOnDrop(&is_over);
        let tables = tables();
        for threads in [Threads::Together, Threads::Joined, Threads::Apart] {
            let query =
                ProcessQuery::all().with_details(ProcessDetails::Full).with_threads(threads);
            for _ in 0..testkit::cases(SCANS[0], SCANS[1]) {
                let before = started.load(Ordering::Relaxed);
                ask(&tables, &query);
                testkit::wait_until("another process has come and gone", || {
                    started.load(Ordering::Relaxed) > before
                });
            }
        }
    });
}
