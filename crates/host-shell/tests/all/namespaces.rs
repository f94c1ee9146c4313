//! The broker of network namespaces: as the program starts it, with a hostile client, and as a
//! hostile server.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fs,
    io::{self, IoSlice, PipeReader, Read as _, Write as _},
    mem::MaybeUninit,
    net::{TcpListener, UdpSocket},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    process::{Child, Command, Stdio},
    thread,
};

use cap_std::ambient_authority;
use host_confine::broker::{
    BrokerKind, NamespaceAnswer, NamespaceBroker, NamespaceDetails, NamespaceRequest,
    NamespaceService, Procfs, ReportingAnswer, ReportingRequest, Service, serve,
};
use procnetsocket::{
    ErrorKind, NamespaceFinder, NetNamespace, OpenedNamespace, ProcFile, ProcRoot, Query, Source,
    Uninterrupted, model::Inode,
};
use rstest::rstest;
use rustix::{
    cmsg_space,
    net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
        SocketType, netlink, sendmsg, socket_with,
    },
};
use socket_query::NamespaceSource as _;

use crate::broker::is_confined;

/// `CAP_SYS_PTRACE` and `CAP_SYS_ADMIN`.
const ENTERING: u64 = 1 << 19 | 1 << 21;

/// Starts the program as the broker, and returns it with the shell's ends.
fn start(details: NamespaceDetails) -> (Child, UnixStream, OwnedFd) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_host-shell"))
        .arg("--broker")
        .args(BrokerKind::Namespaces(details, Procfs::System).words())
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let answers = child.stdout.take().unwrap();
    (child, ours, answers.into())
}

fn root() -> ProcRoot {
    ProcRoot::open_ambient(ambient_authority()).unwrap()
}

fn shell_of(requests: UnixStream, answers: OwnedFd) -> NamespaceBroker {
    NamespaceBroker::new(requests.into(), answers, root()).unwrap()
}

fn own(broker: &NamespaceBroker) -> NetNamespace {
    let found = broker.find(&Uninterrupted).unwrap();
    found.namespaces.into_iter().find(|namespace| namespace.is_own).unwrap()
}

#[test]
fn broker_opens_found_namespaces_and_is_confined() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (mut child, requests, answers) = start(NamespaceDetails::Full);
    let broker = shell_of(requests, answers);
    let own = own(&broker);
    assert!(own.pids.iter().any(|pid| pid.get() == std::process::id()));
    for _ in 0..3 {
        let OpenedNamespace::Full(tables) = broker.tables(&own, &Uninterrupted).unwrap() else {
            panic!("expected a socket")
        };
        for source in [Source::SockDiag, Source::ProcText] {
            let query = Query::tcp().listening().with_source(source);
            let listing = tables.list(&query).unwrap();
            assert!(listing.rows.iter().any(|row| row.local.port() == port), "{source:?}");
        }
        assert!(tables.visiting_socket().is_some());
        assert!(!tables.protocols().unwrap().is_empty());
    }
    is_confined(&child, ENTERING);
    drop(broker);
    assert!(child.wait().unwrap().success(), "it ends after the last request");
}

#[rstest]
#[case::names(NamespaceDetails::Names)]
#[case::readable(NamespaceDetails::Readable)]
fn broker_returns_no_processes_that_the_policy_hides(#[case] details: NamespaceDetails) {
    let (_child, requests, answers) = start(details);
    let broker = shell_of(requests, answers);
    let found = broker.find(&Uninterrupted).unwrap();
    assert!(found.namespaces.iter().all(|namespace| namespace.pids.is_empty()));
    if details == NamespaceDetails::Readable {
        assert_eq!((found.unreadable.len(), found.closed), (0, 0));
    }
}

// ---- a compromised shell -----------------------------------------------------------------------

#[rstest]
#[case::other_version(&[9; 64], "expected a frame of version 1, but found version 9")]
#[case::too_long(
    &[1, 1, 0, 0, 0, 255, 255, 255, 255],
    "expected a frame of at most 16777216 bytes, but found one of 4294967295"
)]
#[case::no_message(
    &[1, 1, 0, 0, 0, 1, 0, 0, 0, 9],
    "expected a message, but found other bytes"
)]
#[case::more_than_a_message(
    &[1, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0],
    "expected a message, but found other bytes"
)]
fn malformed_request_ends_broker(#[case] bytes: &[u8], #[case] message: &str) {
    let (child, mut requests, answers) = start(NamespaceDetails::Full);
    requests.write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with(&format!("host-shell: {message}")), "{stderr}");
    assert_eq!((stderr.lines().count(), output.status.code()), (1, Some(1)));
    let mut answered = Vec::new();
    fs::File::from(answers).read_to_end(&mut answered).unwrap();
    assert_eq!(answered, b"");
}

/// Returns the frame of a request.
fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_le_bytes();
    [&[1, 1, 0, 0, 0], &length[..], message].concat()
}

/// The request for a search.
const FIND: [u8; 2] = [1, 0];

#[test]
fn broker_closes_received_descriptors() {
    let (_child, requests, answers) = start(NamespaceDetails::Full);
    let (mut held, writer) = io::pipe().unwrap();
    let descriptors = [writer.as_fd(); 8];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(8))];
    let mut rights = SendAncillaryBuffer::new(&mut space);
    assert!(rights.push(SendAncillaryMessage::ScmRights(&descriptors)));
    let frame = frame(&FIND);
    sendmsg(&requests, &[IoSlice::new(&frame)], &mut rights, SendFlags::empty()).unwrap();
    drop(writer);
    // The broker still answers.
    let mut answer = [0; 9];
    fs::File::from(answers).read_exact(&mut answer).unwrap();
    assert_eq!(answer[0], 1);
    // The pipe end is closed everywhere, although the broker still runs.
    assert_eq!(held.read(&mut [0]).unwrap(), 0);
}

/// A service that runs in this process, with its socket.
struct Asked {
    service: NamespaceService<UnixStream>,
    shell: UnixStream,
}

impl Asked {
    fn new() -> Self {
        let (shell, broker) = UnixStream::pair().unwrap();
        shell.set_nonblocking(true).unwrap();
        let finder = NamespaceFinder::open_ambient(ambient_authority()).unwrap();
        let service = NamespaceService::new(finder, NamespaceDetails::Full, broker);
        assert!(matches!(service.answer(NamespaceRequest::Find), NamespaceAnswer::Found(_)));
        Self { service, shell }
    }

    fn is_nothing_sent(&self) -> bool {
        (&self.shell).read(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

fn own_id() -> Inode {
    use std::os::unix::fs::MetadataExt as _;
    Inode::new(fs::metadata("/proc/self/net/tcp").unwrap().ino()).unwrap()
}

#[test]
fn broker_opens_only_found_namespaces() {
    let asked = Asked::new();
    // Including process ids.
    for number in [1, std::process::id().into(), u64::MAX] {
        let namespace = Inode::new(number).unwrap();
        let request = NamespaceRequest::Open { namespace, ticket: 1 };
        assert_eq!(asked.service.answer(request), NamespaceAnswer::Gone);
        let request = NamespaceRequest::OpenText { namespace, file: ProcFile::NetTcp, ticket: 1 };
        assert_eq!(asked.service.answer(request), NamespaceAnswer::Gone);
    }
    assert!(asked.is_nothing_sent());
}

#[test]
fn broker_opens_only_tables_of_processes() {
    let asked = Asked::new();
    for file in ProcFile::ALL {
        let request = NamespaceRequest::OpenText { namespace: own_id(), file: *file, ticket: 1 };
        let answer = asked.service.answer(request);
        if !file.name().starts_with("net/") {
            assert_eq!(answer, NamespaceAnswer::Gone, "{file:?}");
            assert!(asked.is_nothing_sent(), "{file:?}");
        } else if *file == ProcFile::NetTcp {
            assert_eq!(answer, NamespaceAnswer::Table);
            assert_eq!((&asked.shell).read(&mut [0; 64]).unwrap(), 8);
        } else if answer == NamespaceAnswer::Table {
            (&asked.shell).read_exact(&mut [0; 8]).unwrap();
        }
    }
}

#[test]
fn broker_does_not_block_on_shell_that_receives_nothing() {
    let asked = Asked::new();
    let request = || NamespaceRequest::Open { namespace: own_id(), ticket: 1 };
    let refused = (0..10_000).map(|_| asked.service.answer(request())).find(|answer| {
        assert!(matches!(answer, NamespaceAnswer::Socket(_) | NamespaceAnswer::Refused(_)));
        matches!(answer, NamespaceAnswer::Refused(_))
    });
    assert!(refused.is_some());
}

// ---- a compromised broker ----------------------------------------------------------------------

/// Opens a namespace by a broker that sends these descriptors with a ticket, and this answer.
fn lie(
    answer: NamespaceAnswer,
    descriptors: &[BorrowedFd<'_>],
    ticket: u64,
) -> Result<OpenedNamespace, (ErrorKind, String)> {
    let (requests, broker_end) = UnixStream::pair().unwrap();
    let (answers, to_shell) = io::pipe().unwrap();
    let broker = shell_of(requests, answers.into());
    let finder = NamespaceFinder::open_ambient(ambient_authority()).unwrap();
    let own = finder.find(&Uninterrupted).unwrap().namespaces.swap_remove(0);
    send_with_ticket(&broker_end, descriptors, ticket);
    // The server also ends when the opened tables are dropped.
    let _server = thread::spawn(move || {
        let (mut input, mut output) = (broker_end, to_shell);
        serve(&Liars(RefCell::new([answer].into())), &mut input, &mut output).unwrap();
    });
    broker.tables(&own, &Uninterrupted).map_err(|error| (error.kind(), error.to_string()))
}

fn send_with_ticket(socket: &UnixStream, descriptors: &[BorrowedFd<'_>], ticket: u64) {
    if descriptors.is_empty() {
        return;
    }
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
    let mut rights = SendAncillaryBuffer::new(&mut space);
    assert!(rights.push(SendAncillaryMessage::ScmRights(descriptors)));
    let ticket = ticket.to_le_bytes();
    sendmsg(socket, &[IoSlice::new(&ticket)], &mut rights, SendFlags::empty()).unwrap();
}

/// Gives these answers, whatever the requests.
struct Liars(RefCell<VecDeque<NamespaceAnswer>>);

impl Service for Liars {
    type Request = ReportingRequest<NamespaceRequest>;
    type Answer = ReportingAnswer<NamespaceAnswer>;

    fn answer(&self, _: Self::Request) -> Self::Answer {
        let answer = self.0.borrow_mut().pop_front().unwrap_or(NamespaceAnswer::Gone);
        ReportingAnswer::Service(answer)
    }

    fn too_long() -> Self::Answer {
        ReportingAnswer::Service(NamespaceAnswer::Gone)
    }
}

fn netlink_socket(protocol: Option<rustix::net::Protocol>) -> OwnedFd {
    let (family, flags) = (AddressFamily::NETLINK, SocketFlags::CLOEXEC);
    socket_with(family, SocketType::DGRAM, flags, protocol).unwrap()
}

#[test]
fn shell_accepts_one_sock_diag_socket() {
    let socket = netlink_socket(Some(netlink::SOCK_DIAG));
    let opened = lie(NamespaceAnswer::Socket(None), &[socket.as_fd()], 0);
    assert!(matches!(opened, Ok(OpenedNamespace::Full(_))), "{opened:?}");
}

#[rstest]
#[case::none(&[], 0, ErrorKind::Io, "expected one descriptor with the answer, but found 0")]
#[case::two(
    &[Sent::SockDiag, Sent::SockDiag],
    0,
    ErrorKind::Io,
    "expected one descriptor with the answer, but found 2"
)]
#[case::of_another_request(
    &[Sent::SockDiag],
    7,
    ErrorKind::Io,
    "expected the answer to the last request, but found another one"
)]
#[case::routes(&[Sent::Routes], 0, ErrorKind::InvalidRequest, NO_SOCK_DIAG)]
#[case::internet(&[Sent::Udp], 0, ErrorKind::InvalidRequest, NO_SOCK_DIAG)]
#[case::pipe(&[Sent::Pipe], 0, ErrorKind::InvalidRequest, NO_SOCK_DIAG)]
#[case::file(&[Sent::Passwords], 0, ErrorKind::InvalidRequest, NO_SOCK_DIAG)]
fn shell_rejects_other_descriptors_as_socket(
    #[case] sent: &[Sent],
    #[case] ticket: u64,
    #[case] kind: ErrorKind,
    #[case] message: &str,
) {
    let descriptors: Vec<OwnedFd> = sent.iter().map(|sent| sent.open()).collect();
    let descriptors: Vec<_> = descriptors.iter().map(OwnedFd::as_fd).collect();
    let opened = lie(NamespaceAnswer::Socket(None), &descriptors, ticket);
    assert_eq!(opened.map(drop), Err((kind, message.to_owned())));
}

const NO_SOCK_DIAG: &str =
    "expected a socket to sock_diag from another process, but found something else";

#[derive(Clone, Copy, Debug)]
enum Sent {
    SockDiag,
    Routes,
    Udp,
    Pipe,
    Passwords,
    Table,
}

impl Sent {
    fn open(self) -> OwnedFd {
        match self {
            Self::SockDiag => netlink_socket(Some(netlink::SOCK_DIAG)),
            Self::Routes => netlink_socket(None),
            Self::Udp => UdpSocket::bind("127.0.0.1:0").unwrap().into(),
            Self::Pipe => io::pipe().map(|(reader, _): (PipeReader, _)| reader).unwrap().into(),
            Self::Passwords => fs::File::open("/etc/passwd").unwrap().into(),
            Self::Table => fs::File::open("/proc/self/net/tcp").unwrap().into(),
        }
    }
}

/// Reads a table by a broker that sends this descriptor for it.
fn read_table(sent: Sent) -> Result<(), (ErrorKind, String)> {
    let answers = [NamespaceAnswer::Text(None), NamespaceAnswer::Table];
    let (requests, mut broker_end) = UnixStream::pair().unwrap();
    let (from_broker, mut to_shell) = io::pipe().unwrap();
    let broker = shell_of(requests, from_broker.into());
    let finder = NamespaceFinder::open_ambient(ambient_authority()).unwrap();
    let own = finder.find(&Uninterrupted).unwrap().namespaces.swap_remove(0);
    send_with_ticket(&broker_end, &[sent.open().as_fd()], 1);
    let server = thread::spawn(move || {
        serve(&Liars(RefCell::new(answers.into())), &mut broker_end, &mut to_shell).unwrap();
    });
    let read = match broker.tables(&own, &Uninterrupted) {
        Ok(OpenedNamespace::Text(tables, None)) => {
            tables.list(&Query::tcp().family(procnetsocket::Family::V4)).map(drop)
        }
        other => panic!("{other:?}"),
    };
    drop(broker);
    server.join().unwrap();
    read.map_err(|error| (error.kind(), error.to_string()))
}

#[rstest]
#[case::table(Sent::Table, None)]
#[case::socket(Sent::SockDiag, Some(ErrorKind::InvalidRequest))]
#[case::pipe(Sent::Pipe, Some(ErrorKind::InvalidRequest))]
#[case::file(Sent::Passwords, Some(ErrorKind::InvalidRequest))]
fn shell_rejects_other_files_as_text_table(
    #[case] sent: Sent,
    #[case] expected: Option<ErrorKind>,
) {
    assert_eq!(read_table(sent).err().map(|(kind, _)| kind), expected);
}
