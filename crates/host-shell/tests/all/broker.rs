//! Brokers: the protocol over pipes, with a service of the test; and the broker of processes, as
//! the program starts it.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, PipeReader, PipeWriter, Read as _, Write as _},
    net::TcpListener,
    os::fd::AsFd as _,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use host_confine::broker::{
    Broker, BrokerErrorKind, BrokerKind, ProcessBounds, ProcessBroker, Procfs, Reach,
    ResolverBroker, Service, serve,
};
use procnetsocket::{Fact, ProcessDetails, ProcessQuery, Task, Uninterrupted};
use rstest::rstest;
use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};
use socket_query::{HostNameError, HostNames as _, ProcessSource as _, ProcessSourceErrorKind};
use tempfile::TempDir;

use crate::{
    confine::{RunningShell, broker_kind, children, value},
    program::{program, run},
};

/// Longer than any of these tests takes.
const LONG: Duration = Duration::from_mins(20);

/// Returns as many bytes as requested.
struct Bytes;

impl Service for Bytes {
    type Request = (u32, Vec<u8>);
    type Answer = Vec<u8>;

    fn answer(&self, (count, padding): (u32, Vec<u8>)) -> Vec<u8> {
        vec![u8::try_from(padding.len() % 251).unwrap(); usize::try_from(count).unwrap()]
    }

    fn too_long() -> Vec<u8> {
        b"too long".to_vec()
    }
}

/// Returns a connection to a broker, and the broker's ends of the pipes.
fn pipes() -> (Broker<Bytes>, PipeReader, PipeWriter) {
    let ((requests, to_broker), (from_broker, answers)) =
        (io::pipe().unwrap(), io::pipe().unwrap());
    let broker = Broker::new(to_broker.into(), from_broker.into()).unwrap();
    (broker, requests, answers)
}

#[rstest]
#[case::nothing(0, 0)]
#[case::little(3, 5)]
#[case::more_than_a_pipe_holds(1 << 20, 3 << 20)]
fn messages_of_any_size_are_transferred(#[case] request: usize, #[case] answer: u32) {
    let (broker, mut requests, mut answers) = pipes();
    let server = thread::spawn(move || serve(&Bytes, &mut requests, &mut answers));
    for _ in 0..2 {
        let asked = (answer, vec![0; request]);
        let reported = broker.ask(&asked, LONG, &Uninterrupted).unwrap();
        assert_eq!(reported, Bytes.answer(asked));
    }
    drop(broker);
    assert!(server.join().unwrap().is_ok(), "it ends after the last request");
}

#[test]
fn late_answer_is_not_returned_for_next_request() {
    let (broker, mut requests, mut answers) = pipes();
    let late = broker.ask(&(1, vec![]), Duration::ZERO, &Uninterrupted).unwrap_err();
    assert_eq!(late.kind(), BrokerErrorKind::Timeout);
    assert_eq!(late.to_string(), "the broker did not answer within 0ns");
    let stopped = broker.ask(&(2, vec![]), LONG, &|| true).unwrap_err();
    assert_eq!(stopped.kind(), BrokerErrorKind::Interrupted);
    let server = thread::spawn(move || serve(&Bytes, &mut requests, &mut answers));
    assert_eq!(broker.ask(&(3, vec![]), LONG, &Uninterrupted).unwrap().len(), 3);
    drop(broker);
    assert!(server.join().unwrap().is_ok());
}

/// Answers when the test allows it, and counts its requests.
struct Gate {
    open: Mutex<mpsc::Receiver<()>>,
    asked: Arc<AtomicU32>,
}

impl Service for Gate {
    type Request = u32;
    type Answer = u32;

    fn answer(&self, request: u32) -> u32 {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.open.lock().unwrap().recv().unwrap();
        request
    }

    fn too_long() -> u32 {
        0
    }
}

#[test]
fn repeated_cancellation_asks_the_broker_once() {
    let ((requests, to_broker), (from_broker, answers)) =
        (io::pipe().unwrap(), io::pipe().unwrap());
    let broker = Broker::<Gate>::new(to_broker.into(), from_broker.into()).unwrap();
    let (open, gate) = mpsc::channel();
    let asked = Arc::new(AtomicU32::new(0));
    let service = Gate { open: Mutex::new(gate), asked: Arc::clone(&asked) };
    let (mut requests, mut answers) = (requests, answers);
    let server = thread::spawn(move || serve(&service, &mut requests, &mut answers));
    // Sent, and given up while the broker processes it.
    let is_asked = || asked.load(Ordering::SeqCst) > 0;
    let given_up = broker.ask(&1, LONG, &is_asked).unwrap_err();
    assert_eq!(given_up.kind(), BrokerErrorKind::Interrupted);
    for number in 2..50 {
        let given_up = broker.ask(&number, Duration::from_millis(1), &Uninterrupted).unwrap_err();
        assert_eq!(given_up.kind(), BrokerErrorKind::Timeout);
    }
    open.send(()).unwrap();
    open.send(()).unwrap();
    assert_eq!(broker.ask(&50, LONG, &Uninterrupted).unwrap(), 50);
    drop(broker);
    assert!(server.join().unwrap().is_ok());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn oversized_frame_is_reported_and_the_broker_continues() {
    let (broker, mut requests, mut answers) = pipes();
    let server = thread::spawn(move || serve(&Bytes, &mut requests, &mut answers));
    let too_many = (129 << 20, vec![]);
    assert_eq!(broker.ask(&too_many, LONG, &Uninterrupted).unwrap(), b"too long");
    assert_eq!(broker.ask(&(1, vec![]), LONG, &Uninterrupted).unwrap().len(), 1);
    let too_long = broker.ask(&(1, vec![0; 17 << 20]), LONG, &Uninterrupted).unwrap_err();
    assert_eq!(too_long.kind(), BrokerErrorKind::Protocol);
    assert_eq!(broker.ask(&(2, vec![]), LONG, &Uninterrupted).unwrap().len(), 2);
    drop(broker);
    assert!(server.join().unwrap().is_ok());
}

#[test]
fn request_to_ended_broker_is_an_error() {
    let (broker, requests, answers) = pipes();
    drop((requests, answers));
    let error = broker.ask(&(1, vec![]), LONG, &Uninterrupted).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (BrokerErrorKind::Gone, "the broker is gone")
    );
}

/// A broker that ends after it has read `bytes` bytes of a request.
fn end_after(bytes: usize, mut requests: PipeReader, mut answers: PipeWriter) {
    requests.read_exact(&mut vec![0; bytes]).unwrap();
    answers.write_all(&[1, 1]).unwrap();
}

#[rstest]
#[case::before_anything(0)]
#[case::within_a_request(7)]
fn successor_answers_unanswered_request(#[case] bytes: usize) {
    let (broker, requests, answers) = pipes();
    let ((mut requests_to_next, to_next), (from_next, mut answers_of_next)) =
        (io::pipe().unwrap(), io::pipe().unwrap());
    let broker = broker.with_successor(to_next.into(), from_next.into()).unwrap();
    let first = thread::spawn(move || end_after(bytes, requests, answers));
    let next = thread::spawn(move || serve(&Bytes, &mut requests_to_next, &mut answers_of_next));
    assert_eq!(broker.ask(&(3, vec![]), LONG, &Uninterrupted).unwrap().len(), 3);
    assert_eq!(broker.ask(&(4, vec![]), LONG, &Uninterrupted).unwrap().len(), 4);
    first.join().unwrap();
    drop(broker);
    assert!(next.join().unwrap().is_ok());
}

#[test]
fn second_end_of_broker_is_explained() {
    let (broker, requests, answers) = pipes();
    let ((requests_to_next, to_next), (from_next, answers_of_next)) =
        (io::pipe().unwrap(), io::pipe().unwrap());
    let broker = broker.with_successor(to_next.into(), from_next.into()).unwrap();
    drop((requests, answers, requests_to_next, answers_of_next));
    for _ in 0..2 {
        let error = broker.ask(&(1, vec![]), LONG, &Uninterrupted).unwrap_err();
        assert_eq!(error.kind(), BrokerErrorKind::Gone);
        assert_eq!(
            error.to_string(),
            "the broker ended twice: restart the program to get a new one"
        );
    }
}

/// A shell that lists when a file exists, and prints a line after it.
struct Lister {
    shell: Child,
    stdout: BufReader<ChildStdout>,
    go: TempDir,
}

impl Lister {
    fn start(grants: &[&str], listing: &str) -> Self {
        let go = TempDir::new().unwrap();
        let path = go.path().to_str().unwrap();
        let script = format!(
            "for n in 1 2 3; do until [ -e {path}/$n ]; do sleep 0.05; done; {listing}; \
             echo \"listed $?\"; done"
        );
        let args = [grants, &["--timeout", "20m", "--allow-path", path, "-c", &script]].concat();
        let mut shell = program(&args).spawn().unwrap();
        let stdout = BufReader::new(shell.stdout.take().unwrap());
        Self { shell, stdout, go }
    }

    /// Returns the next listing, and its status.
    fn list(&mut self, number: u32) -> (String, String) {
        fs::write(self.go.path().join(number.to_string()), "").unwrap();
        let mut text = String::new();
        while self.stdout.read_line(&mut text).unwrap() > 0 {
            if let Some(at) = text.find("listed ") {
                let ended = text.split_off(at);
                return (text, ended);
            }
        }
        panic!("the shell ended: {text}");
    }

    /// Returns the process id of the broker, if there is one.
    fn broker(&self) -> Option<u32> {
        let spawner = *children(self.shell.id()).first()?;
        children(spawner).into_iter().find(|pid| broker_kind(*pid).is_some())
    }

    fn kill_broker(&self) {
        let broker = self.broker().unwrap();
        let pid = Pid::from_raw(i32::try_from(broker).unwrap()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        // Waits until the process is reaped.
        let state = format!("/proc/{broker}");
        testkit::wait_until("it was waited for", || !fs::exists(&state).unwrap());
    }
}

#[rstest]
#[case::processes(&["--grant", "sockets,processes"], "ss -tlnpH", "users:((")]
#[case::namespaces(
    &["--grant", "sockets,namespaces", "--namespace", "all"],
    "ss -tlnH --all-namespaces",
    "LISTEN"
)]
fn broker_that_is_killed_is_started_again_once(
    #[case] grants: &[&str],
    #[case] listing: &str,
    #[case] expected: &str,
) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("127.0.0.1:{} ", listener.local_addr().unwrap().port());
    let mut lister = Lister::start(grants, listing);
    let lists = |listed: &(String, String)| {
        assert_eq!(listed.1, "listed 0\n", "{listed:?}");
        let line = listed.0.lines().find(|line| line.contains(&port));
        assert!(line.is_some_and(|line| line.contains(expected)), "{listed:?}");
    };
    lists(&lister.list(1));
    lister.kill_broker();
    testkit::wait_until("there is another one", || lister.broker().is_some());
    lists(&lister.list(2));
    lister.kill_broker();
    let (_, ended) = lister.list(3);
    assert_ne!(ended, "listed 0\n");
    let output = lister.shell.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let expected = "the broker ended twice: restart the program to get a new one";
    assert!(stderr.contains(expected), "{stderr}");
}

#[test]
fn running_listing_is_answered_by_successor() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("127.0.0.1:{} ", listener.local_addr().unwrap().port());
    let mut lister = Lister::start(&["--grant", "sockets,processes"], "ss -tlnpH");
    testkit::wait_until("there is a broker", || lister.broker().is_some());
    let first = Pid::from_raw(i32::try_from(lister.broker().unwrap()).unwrap()).unwrap();
    kill_process(first, Signal::STOP).unwrap();
    fs::write(lister.go.path().join("1"), "").unwrap();
    lister.kill_broker();
    let (listed, ended) = lister.list(1);
    assert_eq!(ended, "listed 0\n");
    let line = listed.lines().find(|line| line.contains(&port)).unwrap();
    assert!(line.contains(&format!(",pid={},", std::process::id())), "{line}");
    lister.shell.kill().unwrap();
    lister.shell.wait().unwrap();
}

#[rstest]
#[case::version(&[9; 9])]
#[case::length(&[1, 1, 0, 0, 0, 255, 255, 255, 255])]
#[case::message(&[1, 1, 0, 0, 0, 1, 0, 0, 0, 9])]
fn malformed_answer_is_an_error(#[case] bytes: &[u8]) {
    let (broker, _requests, mut answers) = pipes();
    answers.write_all(bytes).unwrap();
    let error = broker.ask(&(1, vec![]), LONG, &Uninterrupted).unwrap_err();
    assert_eq!(error.kind(), BrokerErrorKind::Protocol, "{error}");
}

#[rstest]
#[case::version(&[9; 9])]
#[case::half_a_header(&[1, 1])]
#[case::half_a_message(&[1, 1, 0, 0, 0, 4, 0, 0, 0, 9])]
#[case::length(&[1, 1, 0, 0, 0, 255, 255, 255, 255])]
fn malformed_request_is_not_answered(#[case] mut bytes: &[u8]) {
    let mut answers = Vec::new();
    // OK because half a header is the end of the input, as when the shell was killed.
    let _ = serve(&Bytes, &mut bytes, &mut answers);
    assert_eq!(answers, b"");
}

/// Starts the program as a broker.
fn start<S: Service>(kind: BrokerKind) -> (Child, Broker<S>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_host-shell"))
        .arg("--broker")
        .args(kind.words())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (requests, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    (child, Broker::new(requests.into(), answers.into()).unwrap())
}

#[test]
fn process_broker_finds_this_process_and_confines_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut child, broker) = start(BrokerKind::Processes(ALL, Procfs::System));
    let source = ProcessBroker::new(broker);
    let report = source.processes(&ProcessQuery::all(), &Uninterrupted).unwrap();
    let own = std::process::id();
    let task = report.tasks.iter().find(|task| task.pid.get() == own).expect("this process");
    let fd = u32::try_from(std::os::fd::AsRawFd::as_raw_fd(&listener)).unwrap();
    assert!(task.sockets.iter().any(|held| held.fd == fd));
    assert!(source.process_name(task.pid).is_some());
    is_confined(&child, LOOKING);
    drop(source);
    assert!(child.wait().unwrap().success(), "it ends after the last request");
}

/// `CAP_DAC_READ_SEARCH` and `CAP_SYS_PTRACE`.
const LOOKING: u64 = 1 << 2 | 1 << 19;

/// Everything that a policy can allow.
const ALL: ProcessBounds = ProcessBounds { details: ProcessDetails::Full, reach: Reach::All };

/// Returns what the broker of processes reports about this process for a query.
fn report_of_this_process(
    bounds: ProcessBounds,
    query: ProcessQuery,
) -> Result<Option<Task>, String> {
    let (_child, broker) = start(BrokerKind::Processes(bounds, Procfs::System));
    let query = query.with_details(ProcessDetails::Full);
    let report = ProcessBroker::new(broker).processes(&query, &Uninterrupted);
    let own = std::process::id();
    let mut tasks = report.map_err(|error| error.message)?.tasks.into_iter();
    Ok(tasks.find(|task| task.pid.get() == own))
}

#[test]
fn process_broker_returns_no_more_than_the_policy_allows() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let inode = rustix::fs::fstat(&listener).unwrap().st_ino;
    let inode = procnetsocket::model::Inode::new(inode).unwrap();
    let full = report_of_this_process(ALL, ProcessQuery::all()).unwrap().unwrap();
    assert!(matches!(full.command_line, Fact::Known(_)));
    let names = ProcessBounds { details: ProcessDetails::User, reach: Reach::All };
    let task = report_of_this_process(names, ProcessQuery::all()).unwrap().unwrap();
    assert_eq!((task.command_line, task.executable), (Fact::NotAsked, Fact::NotAsked));
    let named = ProcessBounds { reach: Reach::Named, ..names };
    assert_eq!(
        report_of_this_process(named, ProcessQuery::all()).unwrap_err(),
        "expected the sockets whose processes are wanted, but found none"
    );
    let task = report_of_this_process(named, ProcessQuery::of(vec![inode])).unwrap().unwrap();
    assert_eq!(task.sockets.len(), 1);
    let (_child, broker) = start(BrokerKind::Processes(named, Procfs::System));
    assert_eq!(ProcessBroker::new(broker).process_name(task.pid), None);
}

pub(crate) fn is_confined(broker: &Child, capabilities: u64) {
    let state = fs::read_to_string(format!("/proc/{}/status", broker.id())).unwrap();
    for set in ["CapInh", "CapPrm", "CapEff"] {
        let left = u64::from_str_radix(&value(&state, set), 16).unwrap();
        assert_eq!(left & !capabilities, 0, "{set}");
    }
    assert_eq!((value(&state, "NoNewPrivs"), value(&state, "Seccomp")), ("1".into(), "2".into()));
}

/// Its answers are tested in `tests/integration/live/resolve.rs`, with tables of that test.
#[test]
fn broker_of_host_names_rejects_other_words_and_is_confined() {
    let (mut child, broker) = start(BrokerKind::Resolver);
    let hosts = ResolverBroker::new(broker);
    for word in ["", "a b", "a\nb", "../../etc/passwd"] {
        assert_eq!(hosts.addresses(word, &Uninterrupted), Err(HostNameError::Unknown), "{word:?}");
    }
    is_confined(&child, 0);
    drop(hosts);
    assert!(child.wait().unwrap().success(), "it ends after the last request");
}

#[test]
fn killed_broker_of_host_names_resolves_nothing() {
    let (mut child, broker) = start(BrokerKind::Resolver);
    child.kill().unwrap();
    child.wait().unwrap();
    let hosts = ResolverBroker::new(broker);
    assert_eq!(hosts.addresses("localhost", &Uninterrupted), Err(HostNameError::NoResolver));
    assert_eq!(hosts.name([127, 0, 0, 1].into(), &Uninterrupted), None);
}

#[test]
fn killed_broker_of_processes_is_reported() {
    let (mut child, broker) = start(BrokerKind::Processes(ALL, Procfs::System));
    child.kill().unwrap();
    child.wait().unwrap();
    let error =
        ProcessBroker::new(broker).processes(&ProcessQuery::all(), &Uninterrupted).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ProcessSourceErrorKind::Unavailable, "the broker is gone")
    );
}

#[rstest]
#[case::default(&[], 0)]
#[case::other_grants(&["--grant", "sockets"], 0)]
#[case::processes(&["--grant", "sockets,processes"], 1)]
#[case::free(&["--grant", "sockets,processes", "--no-confine"], 0)]
#[case::fake(&["--grant", "sockets,processes", "--proc-root", "/usr"], 0)]
#[case::resolve(&["--grant", "sockets,resolve"], 1)]
#[case::resolve_free(&["--grant", "sockets,resolve", "--no-confine"], 0)]
#[case::both(&["--grant", "sockets,processes,resolve"], 2)]
#[case::neither(&["--grant", "sockets,events,kill,namespaces"], 0)]
#[case::namespaces(&["--grant", "sockets,namespaces", "--namespace", "all"], 1)]
#[case::namespaces_free(&["--grant", "sockets,namespaces", "--namespace", "all", "--no-confine"], 0)]
#[case::all_three(&["--grant", "sockets,processes,resolve,namespaces", "--namespace", "all"], 3)]
fn brokers_are_started_only_if_needed(#[case] args: &[&str], #[case] brokers: usize) {
    let shell = RunningShell::start(args);
    assert_eq!(shell.brokers().len(), brokers);
    // No other process is started.
    assert!(children(shell.script()).is_empty());
}

#[test]
fn broker_ends_with_killed_shell() {
    let shell = RunningShell::start(&["--grant", "sockets,processes"]);
    let broker = Pid::from_raw(i32::try_from(shell.brokers()[0].1).unwrap()).unwrap();
    let broker = pidfd_open(broker, PidfdFlags::empty()).unwrap();
    drop(shell);
    // Kernel: a pidfd is readable when its process has ended.
    let mut end = [PollFd::from_borrowed_fd(broker.as_fd(), PollFlags::IN)];
    assert_eq!(poll(&mut end, None).unwrap(), 1);
}

#[rstest]
#[case::confined(&[])]
#[case::free(&["--no-confine"])]
fn broker_and_direct_scan_list_the_same_processes(#[case] args: &[&str]) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let args = [args, &["--grant", "sockets,processes", "-c", "ss -tlnpH; ss -tlnpTH"]].concat();
    let (stdout, _, status) = run(&args);
    let line = stdout.lines().find(|line| line.contains(&format!("127.0.0.1:{port} "))).unwrap();
    assert!(line.contains(&format!(",pid={},fd=", std::process::id())), "{line}");
    assert!(
        stdout.contains(&format!(",pid={},tid={},", std::process::id(), std::process::id())),
        "{stdout}"
    );
    assert_eq!(status, 0);
}
