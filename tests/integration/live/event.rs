//! `-E`: destroy events of sockets.
//!
//! The real program and ours receive events of the same sockets at the same time. The kernel sends
//! both the same bytes, so their outputs are equal, byte for byte.

#![expect(
    clippy::disallowed_methods,
    reason = "the test opens the namespace's own tables, and starts the programs"
)]

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, UdpSocket},
    num::NonZeroU16,
    ops::ControlFlow,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc, LazyLock,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use bstr::{BString, ByteSlice};
use builtin_api::{CallContext, Cancel, invoke};
use cap_std::ambient_authority;
use procnetsocket::{
    Limits, Query, RowError, SocketTables, Source, Table, Visitor, diag::EventAuthority,
    model::Socket,
};
use rustix::process::{Pid, Signal, kill_process};
use socket_query::{EventSource, Grant, GrantSet, Policy, PolicyView};
use ss_builtin::Ss;
use testkit::wait_until;

use super::{fixture::Fixture, line::words, namespace::inside, program::Program};
use crate::{escape::program::SHELL, ours, outcome::Outcome};

/// The port that marks the end of a listing, see the fixture.
const LAST_PORT: &[u8] = b":39999";

/// Far longer than any step takes: a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_mins(5);

/// `NETLINK_SOCK_DIAG`.
const SOCK_DIAG: u32 = 4;

// ---- event sockets
// -------------------------------------------------------------------------------

/// Netlink sockets that receive events.
#[derive(Default)]
struct Listeners {
    count: usize,
    /// Events that did not reach one of them.
    dropped: u32,
}

impl Visitor for Listeners {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let Socket::Netlink(socket) = socket else { panic!("no netlink table has {socket:?}") };
        if socket.protocol == SOCK_DIAG && socket.groups != 0 {
            self.count += 1;
            self.dropped += socket.drops;
        }
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("{row}");
    }
}

/// The tables of this process. Closing their socket would cause an event, so they stay open.
fn tables() -> Arc<SocketTables> {
    static TABLES: LazyLock<Arc<SocketTables>> =
        LazyLock::new(|| Arc::new(SocketTables::open_ambient(ambient_authority()).unwrap()));
    Arc::clone(&TABLES)
}

fn listeners() -> Listeners {
    let mut listeners = Listeners::default();
    let limits = Limits::default();
    tables()
        .visit_with(
            &Query::new(Table::Netlink).with_source(Source::ProcText).with_limits(limits),
            &mut listeners,
        )
        .unwrap();
    listeners
}

/// Waits until exactly this number of sockets receives events.
fn wait_for_listeners(count: usize) {
    wait_until("so many sockets listen", || listeners().count == count);
}

// ---- our builtin, in a thread
// --------------------------------------------------------------------

fn view(grants: &[Grant]) -> PolicyView {
    let policy = Policy::new(grants.iter().copied().collect::<GrantSet>());
    let source = EventSource::open_ambient(&EventAuthority::from_ambient(ambient_authority()));
    PolicyView::new(tables(), policy, ours::machine_names()).with_events(Arc::new(source.unwrap()))
}

fn granted() -> PolicyView {
    view(&[Grant::Sockets, Grant::Events])
}

/// Sends each written chunk to the test.
struct Pieces(Sender<Vec<u8>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes.to_vec()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn call(
    view: PolicyView,
    line: &str,
    width: Option<u16>,
    cancel: &Cancel,
    stdout: &mut dyn Write,
) -> (i32, String) {
    let args: Vec<BString> = words(line).into_iter().map(BString::from).collect();
    let mut stderr = Vec::new();
    let mut stdin = io::empty();
    let mut context = CallContext::new(&mut stdin, stdout, &mut stderr)
        .with_cancel(cancel)
        .with_terminal_width(width.and_then(NonZeroU16::new));
    let code = invoke(&Ss::new(view), &mut context, &args);
    (code.code().into(), String::from_utf8(stderr).unwrap())
}

/// A running call.
struct RunningCall {
    pieces: Receiver<Vec<u8>>,
    cancel: Cancel,
    thread: thread::JoinHandle<(i32, String)>,
}

impl RunningCall {
    fn start(view: PolicyView, line: &str, width: Option<u16>) -> Self {
        let (sender, pieces) = mpsc::channel();
        let cancel = Cancel::new();
        let (line, flag) = (line.to_owned(), cancel.clone());
        let thread = thread::spawn(move || call(view, &line, width, &flag, &mut Pieces(sender)));
        Self { pieces, cancel, thread }
    }

    fn next(&self) -> BString {
        self.pieces.recv_timeout(PATIENCE).unwrap().into()
    }

    /// Waits for the end, and returns what was printed and not yet received.
    fn end(self) -> Outcome {
        let rest: Vec<_> = self.pieces.iter().collect();
        let (status, stderr) = self.thread.join().unwrap();
        Outcome { stdout: bstr::concat(rest).into(), stderr: stderr.into(), status }
    }
}

// ---- the real one
// --------------------------------------------------------------------------------

struct Real {
    child: Child,
    pieces: Receiver<Vec<u8>>,
}

impl Real {
    fn start(program: &Program, line: &str, width: Option<u16>) -> Self {
        let mut command = program.command(&words(line), None);
        if let Some(width) = width {
            command.env("COLUMNS", width.to_string());
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let pieces = pieces(child.stdout.take().unwrap());
        Self { child, pieces }
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Reads a pipe in a thread, piece by piece.
fn pieces(mut pipe: ChildStdout) -> Receiver<Vec<u8>> {
    let (sender, pieces) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = pipe.read(&mut buffer) {
            if sender.send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    pieces
}

/// Receives up to the last of the rows that mark the end of a listing, and returns everything
/// before it.
fn before_the_end(pieces: &Receiver<Vec<u8>>, rows: usize, line: &str) -> BString {
    let mut printed = BString::default();
    while printed.find_iter(LAST_PORT).count() < rows {
        let piece = pieces.recv_timeout(PATIENCE);
        let piece = piece.unwrap_or_else(|_| panic!("{line}: nothing comes after:\n{printed}"));
        printed.extend_from_slice(&piece);
    }
    let last = printed.find_iter(LAST_PORT).nth(rows - 1).unwrap();
    printed.truncate(last);
    printed
}

// ---- comparison
// ----------------------------------------------------------------------------------

/// Command lines, and how many of the rows that mark the end of a listing each prints.
const LINES: &[(&str, usize)] = &[
    ("-E", 4),
    ("-En", 4),
    ("-Ent", 2),
    ("-Enu", 2),
    ("-En4", 2),
    ("-En6", 2),
    ("-En4u", 1),
    ("-En6t", 1),
    ("-En46", 4),
    ("-En4x", 2),
    ("-Entx", 2),
    ("-Entw", 2),
    ("-EnH", 4),
    ("-EnQ", 4),
    ("-EnHQO", 4),
    ("-Ena", 4),
    ("-Enl", 4),
    ("-EnB", 4),
    ("-Eni", 4),
    ("-EniO", 4),
    ("-Enti", 2),
    ("-Eno", 4),
    ("-Ene", 4),
    ("-Enm", 4),
    ("-Enui", 2),
    ("-Enum", 2),
    ("-Enoemi", 4),
    ("-EnoemiHQO", 4),
    ("-Eoemi", 4),
    ("-En --tos --cgroup --inet-sockopt -b", 4),
    ("-En -A tcp", 2),
    ("-En -A all,!tcp", 2),
    ("-En -f inet6", 2),
    ("-En sport = :39999 or sport = :80", 4),
    ("-En src 127.0.0.1", 2),
    ("-En src [::1]", 2),
    ("-Ent dport = :8080 or sport >= :30000", 2),
    ("-Enu ! dst 127.0.0.1", 2),
    ("-EnHi ! ( src 127.0.0.0/8 )", 2),
    ("-En dev v0 or sport = :39999", 4),
    ("-E6ne sport = :1234 or sport = :39999", 2),
    ("-Ent state established", 2),
    ("-Enu state close", 2),
];

/// Widths of terminals, where the layout depends on all rows before.
const WIDTHS: [u16; 3] = [60, 90, 200];

/// Runs every line with both programs at the same time, and compares the outputs.
fn compare(lines: &[(&str, usize)], widths: &[Option<u16>]) {
    let Some(real) = Program::real() else { return };
    let mut fixture = Fixture::start(&["closings"]);
    let pairs: Vec<_> = lines
        .iter()
        .flat_map(|line| widths.iter().map(move |width| (line, *width)))
        .map(|(&(line, rows), width)| {
            let real = Real::start(&real, line, width);
            (line, rows, width, real, RunningCall::start(granted(), line, width))
        })
        .collect();
    // The fixture receives events, too.
    wait_for_listeners(2 * pairs.len() + 1);
    assert_eq!(fixture.go(), "CLOSED");
    let mut differing = Vec::new();
    let total = pairs.len();
    for (line, rows, width, real, ours) in pairs {
        let expected = before_the_end(&real.pieces, rows, line);
        let printed = before_the_end(&ours.pieces, rows, line);
        ours.cancel.cancel();
        let end = ours.end();
        assert_eq!((end.status, end.stderr.as_bstr()), (130, b"ss: cancelled\n".as_bstr()));
        if printed != expected {
            differing.push(format!("ss {line} {width:?}\n{expected}\nours:\n{printed}"));
        }
    }
    eprintln!("live event: {total} streams, {} the same", total - differing.len());
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn events_equal_those_of_the_real_ss() {
    inside("live::event::events_equal_those_of_the_real_ss", || compare(LINES, &[None]));
}

#[test]
fn events_on_terminals_equal_those_of_the_real_ss() {
    inside("live::event::events_on_terminals_equal_those_of_the_real_ss", || {
        let lines = [("-En", 4), ("-EnH", 4), ("-Enti", 2), ("-Ene", 4), ("-EnQ", 4)];
        compare(&lines, &WIDTHS.map(Some));
    });
}

#[test]
fn call_without_events_has_status_of_the_real_ss() {
    inside("live::event::call_without_events_has_status_of_the_real_ss", || {
        let Some(real) = Program::real() else { return };
        for line in ["-Ex", "-Ew", "-EM", "-E0", "-Ef netlink", "-EHx", "-EwS"] {
            let theirs = real.run(&words(line), None);
            let ours = RunningCall::start(granted(), line, None).end();
            assert_eq!((&ours.stdout, ours.status), (&theirs.stdout, theirs.status), "{line}");
            assert_eq!(
                ours.stderr,
                "ss: expected a table of TCP or UDP: the kernel sends no events for others\n"
            );
        }
        // Counters are a complete listing.
        assert_eq!(RunningCall::start(granted(), "-Es", None).end().status, 0);
    });
}

// ---- ends ----------------------------------------------------------------------------------------

/// Opens a UDP socket on a port and closes it again.
fn close(port: u16) {
    drop(UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
}

#[test]
fn rows_are_printed_at_once_until_count_is_reached() {
    inside("live::event::rows_are_printed_at_once_until_count_is_reached", || {
        let _fixture = Fixture::start(&["closings"]);
        let running = RunningCall::start(granted(), "-Enu --count 2", None);
        wait_for_listeners(2);
        close(1001);
        // Nothing else has ended yet, so this row was printed before the next one.
        let row = "0      -1         127.0.0.1:1001      0.0.0.0:*\n";
        let header = "Recv-Q Send-Q Local Address:Port Peer Address:Port\n";
        assert_eq!(running.next(), format!("{header}{row}"));
        close(1002);
        let end = running.end();
        assert_eq!((end.stdout, end.status), (row.replace("1001", "1002").into(), 0));
        assert_eq!(end.stderr, "");
        wait_for_listeners(1);
    });
}

#[test]
fn option_for_ends_call() {
    inside("live::event::option_for_ends_call", || {
        let header = "Recv-Q Send-Q Local Address:Port Peer Address:Port\n";
        for (line, printed) in [("-Enu --for 1ms", header), ("-EnuH --for 1ms", "")] {
            let end = RunningCall::start(granted(), line, None).end();
            assert_eq!((end.stdout.to_str().unwrap(), end.status), (printed, 0), "{line}");
            assert_eq!(end.stderr, "");
        }
    });
}

#[test]
fn events_are_followed_again_after_a_cancellation() {
    inside("live::event::events_are_followed_again_after_a_cancellation", || {
        let _fixture = Fixture::start(&["closings"]);
        let view = granted();
        // More often than there are sockets for.
        for port in 1001..1010 {
            let running = RunningCall::start(view.clone(), "-EnuH", None);
            wait_for_listeners(2);
            close(port);
            assert!(running.next().contains_str(port.to_string()));
            running.cancel.cancel();
            let end = running.end();
            assert_eq!((end.stdout, end.status), ("".into(), 130));
            wait_for_listeners(1);
        }
    });
}

#[test]
fn calls_beyond_number_of_sockets_are_refused() {
    inside("live::event::calls_beyond_number_of_sockets_are_refused", || {
        let _fixture = Fixture::start(&["closings"]);
        let view = granted();
        let running: Vec<_> =
            (0..4).map(|_| RunningCall::start(view.clone(), "-Enu", None)).collect();
        wait_for_listeners(5);
        let end = RunningCall::start(view, "-Enu", None).end();
        assert_eq!((end.stdout, end.status), ("".into(), 1));
        assert_eq!(end.stderr, "ss: 4 calls follow events already\n");
        for one in running {
            one.cancel.cancel();
            assert_eq!(one.end().status, 130);
        }
    });
}

/// More sockets than the buffer has room for events.
const MANY: u16 = 5_000;

/// Closes many sockets before it reads the first chunk, and waits until the kernel dropped an
/// event.
struct Slow(Vec<u8>);

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            (0..MANY).for_each(|_| close(1001));
            wait_until("the kernel drops an event", || listeners().dropped > 0);
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn dropped_events_are_reported() {
    inside("live::event::dropped_events_are_reported", || {
        let _fixture = Fixture::start(&["quiet"]);
        let slow = thread::spawn(|| {
            let mut stdout = Slow(Vec::new());
            let ended = call(granted(), "-EnuH --count 2", None, &Cancel::new(), &mut stdout);
            (ended, stdout.0.lines().count())
        });
        wait_for_listeners(1);
        close(1000);
        let ((status, stderr), rows) = slow.join().unwrap();
        assert_eq!((status, rows), (1, 2));
        assert_eq!(
            stderr,
            "ss: sockets ended faster than they were listed: some are missing here\n"
        );
    });
}

// ---- grants
// --------------------------------------------------------------------------------------

#[test]
fn events_are_refused_without_grant() {
    inside("live::event::events_are_refused_without_grant", || {
        let refused = |grants: &[Grant]| {
            let end = RunningCall::start(view(grants), "-E", None).end();
            assert_eq!((end.stdout, end.status), ("".into(), 1));
            end.stderr
        };
        assert_eq!(
            refused(&[Grant::Sockets]),
            "ss: -E is refused: it needs the grant \"events\", which this host does not give\n"
        );
        assert_eq!(
            refused(&[Grant::Events]),
            "ss: listing sockets needs the grant \"sockets\", which this host does not give\n"
        );
    });
}

// ---- the shell
// -----------------------------------------------------------------------------------

fn shell(args: &[&str]) -> Child {
    let mut command = Command::new(&*SHELL);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn end(child: Child) -> (String, i32) {
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stderr).unwrap(), output.status.code().unwrap())
}

const GRANTS: [&str; 2] = ["--grant", "sockets,events"];

#[test]
fn script_sees_each_row_at_once() {
    inside("live::event::script_sees_each_row_at_once", || {
        let _fixture = Fixture::start(&["quiet"]);
        let script = "ss -EnuH --count 2; echo $?";
        let mut child = shell(&[GRANTS[0], GRANTS[1], "-c", script]);
        let pieces = pieces(child.stdout.take().unwrap());
        wait_for_listeners(1);
        let next = || BString::from(pieces.recv_timeout(PATIENCE).unwrap());
        close(1001);
        assert!(next().contains_str(":1001"));
        close(1002);
        let rest = bstr::concat(pieces.iter());
        assert!(rest.contains_str(":1002") && rest.ends_with(b"\n0\n"), "{}", rest.as_bstr());
        assert_eq!(end(child), (String::new(), 0));
    });
}

#[test]
fn timeout_ends_a_script_that_follows_events() {
    inside("live::event::timeout_ends_a_script_that_follows_events", || {
        let args = [&GRANTS[..], &["--timeout", "300ms", "-c", "ss -E; echo after"]].concat();
        let (stderr, status) = end(shell(&args));
        assert_eq!(status, 124, "{stderr}");
    });
}

#[test]
fn timeout_ends_a_script_that_lists_at_each_tick() {
    let script = "ss --json-lines -tl --every 1h; echo after";
    let (stderr, status) = end(shell(&["--timeout", "300ms", "-c", script]));
    assert_eq!(status, 124, "{stderr}");
}

#[test]
fn interrupt_ends_a_script_that_follows_events() {
    inside("live::event::interrupt_ends_a_script_that_follows_events", || {
        let _fixture = Fixture::start(&["quiet"]);
        let child = shell(&[GRANTS[0], GRANTS[1], "-c", "ss -E; echo after"]);
        wait_for_listeners(1);
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let (stderr, status) = end(child);
        assert_eq!((stderr.as_str(), status), ("host-shell: interrupted\n", 130));
    });
}
