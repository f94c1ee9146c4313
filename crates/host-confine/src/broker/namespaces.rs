//! The broker that finds the network namespaces of the machine and opens sockets and tables in
//! them.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    fs::File,
    ops::RangeInclusive,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bstr::BString;
use procnetsocket::{
    Error, ErrorKind, FoundNamespaces, Interrupt, NamespaceAccess, NamespaceFinder,
    NamespaceSocket, NetNamespace, OpenedNamespace, ProcFile, ProcRoot, SocketTables, TextTables,
    Uninterrupted, UnreadableNamespace, model::Inode, received_text_table,
};
use serde::{Deserialize, Serialize};
use socket_query::NamespaceSource;

use super::{
    Broker, BrokerError, BrokerErrorKind, ConfinementReport, Reporting, ReportingAnswer,
    ReportingRequest, Reports, Service, descriptor, error::Repr,
};

/// The longest wait for a search, or for a socket or table to be opened: 1 min. The wait also ends
/// with the script.
const PATIENCE: Duration = Duration::from_mins(1);

/// Finds and opens network namespaces for a process that can do neither.
///
/// Security: a request names one of the namespaces that the last search found, by its inode. It
/// contains no path and no process id.
pub struct NamespaceService<D> {
    finder: NamespaceFinder,
    details: NamespaceDetails,
    found: RefCell<BTreeMap<Inode, NetNamespace>>,
    /// The socket over which descriptors are sent.
    descriptors: D,
}

/// The details of namespaces that are returned, whatever is asked: as many as the policy of the
/// shell allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamespaceDetails {
    /// Everything, including the processes in each namespace.
    Full,
    /// No processes.
    Names,
    /// No processes, and only namespaces that can be read: for a shell that shows only some
    /// sockets.
    Readable,
}

impl NamespaceDetails {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Names => "names",
            Self::Readable => "readable",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Full, Self::Names, Self::Readable].into_iter().find(|details| details.word() == word)
    }
}

/// The requests to the broker of namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NamespaceRequest {
    /// Find all network namespaces.
    Find,
    /// Open a netlink socket in this namespace.
    Open {
        /// Inode of a namespace that the last search found.
        namespace: Inode,
        /// The ticket to send with the descriptor.
        ticket: u64,
    },
    /// Open a text table of this namespace.
    OpenText {
        /// Inode of a namespace that the last search found.
        namespace: Inode,
        /// A procfs file of a namespace, such as `net/tcp`.
        file: ProcFile,
        /// The ticket to send with the descriptor.
        ticket: u64,
    },
}

/// The answers of the broker of namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NamespaceAnswer {
    /// These namespaces were found.
    Found(FoundReport),
    /// A socket was sent. Its namespace has this range of local ports.
    Socket(Option<(u16, u16)>),
    /// A text table was sent.
    Table,
    /// Only text tables are available; the error, if entering the namespace was tried.
    Text(Option<NamespaceRefusal>),
    /// The namespace is gone.
    Gone,
    /// The request failed with this error.
    Refused(NamespaceRefusal),
}

/// [`FoundNamespaces`], as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundReport {
    namespaces: Vec<NetNamespace>,
    unreadable: Vec<(BString, NamespaceRefusal)>,
    closed: u64,
}

/// An [`Error`], as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespaceRefusal {
    kind: ErrorKind,
    message: String,
}

impl From<Error> for NamespaceRefusal {
    fn from(error: Error) -> Self {
        Self { kind: error.kind(), message: builtin_cli::Chain(&error).to_string() }
    }
}

impl From<NamespaceRefusal> for Error {
    fn from(refusal: NamespaceRefusal) -> Self {
        Self::reported(refusal.kind, refusal.message)
    }
}

impl<D: AsFd> NamespaceService<D> {
    /// Returns the service that finds namespaces by `finder`, and sends descriptors over a unix
    /// socket.
    pub fn new(finder: NamespaceFinder, details: NamespaceDetails, descriptors: D) -> Self {
        Self { finder, details, found: RefCell::default(), descriptors }
    }

    fn find(&self) -> Result<FoundReport, Error> {
        let found = self.finder.find(&Uninterrupted)?;
        let all = found.namespaces.iter().map(|namespace| (namespace.id, namespace.clone()));
        self.found.replace(all.collect());
        let mut report = FoundReport {
            namespaces: found.namespaces,
            unreadable: Vec::new(),
            closed: found.closed,
        };
        if self.details != NamespaceDetails::Full {
            report.namespaces.iter_mut().for_each(|namespace| namespace.pids.clear());
        }
        if self.details == NamespaceDetails::Readable {
            report.closed = 0;
        } else {
            let unreadable = found.unreadable.into_iter();
            report.unreadable = unreadable.map(|one| (one.name, one.error.into())).collect();
        }
        Ok(report)
    }

    fn open(&self, namespace: Inode, ticket: u64) -> Result<NamespaceAnswer, NamespaceRefusal> {
        let found = self.found.borrow();
        let Some(namespace) = found.get(&namespace) else { return Ok(NamespaceAnswer::Gone) };
        Ok(match self.finder.access(namespace)? {
            NamespaceAccess::Socket(NamespaceSocket { socket, port_range }) => {
                self.send(ticket, socket)?;
                NamespaceAnswer::Socket(port_range.map(RangeInclusive::into_inner))
            }
            NamespaceAccess::Text(why) => NamespaceAnswer::Text(why.map(NamespaceRefusal::from)),
            _ => NamespaceAnswer::Gone,
        })
    }

    fn open_text(
        &self,
        namespace: Inode,
        file: ProcFile,
        ticket: u64,
    ) -> Result<NamespaceAnswer, NamespaceRefusal> {
        // Security: of the files of a process, only those that show its namespace are opened.
        let is_table = file.is_of_namespace();
        let found = self.found.borrow();
        let Some(namespace) = found.get(&namespace).filter(|_| is_table) else {
            return Ok(NamespaceAnswer::Gone);
        };
        self.send(ticket, self.finder.text_table(namespace, file)?)?;
        Ok(NamespaceAnswer::Table)
    }

    fn send(&self, ticket: u64, descriptor: impl Into<OwnedFd>) -> Result<(), NamespaceRefusal> {
        descriptor::send(&self.descriptors, ticket, descriptor.into().as_fd())
            .map_err(|error| NamespaceRefusal::from(failed(&error)))
    }
}

impl<D: AsFd> Service for NamespaceService<D> {
    type Request = NamespaceRequest;
    type Answer = NamespaceAnswer;

    fn answer(&self, request: NamespaceRequest) -> NamespaceAnswer {
        match request {
            NamespaceRequest::Find => {
                self.find().map(NamespaceAnswer::Found).map_err(NamespaceRefusal::from)
            }
            NamespaceRequest::Open { namespace, ticket } => self.open(namespace, ticket),
            NamespaceRequest::OpenText { namespace, file, ticket } => {
                self.open_text(namespace, file, ticket)
            }
        }
        .unwrap_or_else(NamespaceAnswer::Refused)
    }

    fn too_long() -> NamespaceAnswer {
        let message = "expected namespaces that fit into a message, but found more".to_owned();
        NamespaceAnswer::Refused(NamespaceRefusal { kind: ErrorKind::LimitExceeded, message })
    }
}

impl<D> fmt::Debug for NamespaceService<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamespaceService").field("finder", &self.finder).finish_non_exhaustive()
    }
}

/// The network namespaces of the machine, as a broker finds and opens them.
#[derive(Clone, Debug)]
pub struct NamespaceBroker(Arc<BrokerConnection>);

#[derive(Debug)]
struct BrokerConnection {
    broker: Broker<Reporting<NamespaceService<OwnedFd>>>,
    /// The socket over which descriptors come, and that of the successor.
    descriptors: OwnedFd,
    successors: Option<OwnedFd>,
    /// Whether the successor has searched. It opens only namespaces that its own last search
    /// found.
    has_searched_again: AtomicBool,
    tickets: AtomicU64,
    /// The procfs for files that are the same in every namespace.
    root: Arc<ProcRoot>,
}

impl NamespaceBroker {
    /// Connects to a broker that reads requests from the other end of a pair of unix sockets, sends
    /// descriptors over it, and writes answers to a pipe.
    ///
    /// # Errors
    ///
    /// As [`Broker::new`].
    pub fn new(socket: OwnedFd, answers: OwnedFd, root: ProcRoot) -> Result<Self, BrokerError> {
        let descriptors = socket.try_clone()?;
        let broker = Broker::new(socket, answers)?;
        Ok(Self(Arc::new(BrokerConnection {
            broker,
            descriptors,
            successors: None,
            has_searched_again: AtomicBool::new(false),
            tickets: AtomicU64::new(0),
            root: Arc::new(root),
        })))
    }

    /// As [`NamespaceBroker::new`], with a successor that is used when the first one has ended.
    ///
    /// # Errors
    ///
    /// As [`Broker::new`].
    pub fn with_successor(
        [socket, next_socket]: [OwnedFd; 2],
        [answers, next_answers]: [OwnedFd; 2],
        root: ProcRoot,
    ) -> Result<Self, BrokerError> {
        let [descriptors, successors] = [socket.try_clone()?, next_socket.try_clone()?];
        let broker = Broker::new(socket, answers)?.with_successor(next_socket, next_answers)?;
        Ok(Self(Arc::new(BrokerConnection {
            broker,
            descriptors,
            successors: Some(successors),
            has_searched_again: AtomicBool::new(false),
            tickets: AtomicU64::new(0),
            root: Arc::new(root),
        })))
    }

    /// Returns the sockets over which descriptors are received.
    pub fn sockets(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        std::iter::once(&self.0.descriptors).chain(&self.0.successors).map(OwnedFd::as_fd)
    }
}

impl Reports for NamespaceBroker {
    fn report(&self) -> Result<ConfinementReport, BrokerError> {
        self.0.broker.report()
    }
}

impl BrokerConnection {
    /// Sends a request, and returns the answer with its descriptor, if that kind of answer has one.
    ///
    /// A successor has to search first: otherwise it would report the namespace to open as gone.
    fn ask(
        &self,
        request: impl Fn(u64) -> NamespaceRequest,
        interrupt: &dyn Interrupt,
    ) -> Result<(NamespaceAnswer, Option<OwnedFd>), Error> {
        let answered = match self.ask_once(&request, interrupt) {
            Err(error) if error.is_replaced() => None,
            answered => Some(answered),
        };
        let is_new = self.broker.is_replaced() && !self.has_searched_again.load(Ordering::SeqCst);
        let answered = match answered {
            Some(answered) if !is_new => answered,
            _ => self.search_again(interrupt).and_then(|()| self.ask_once(&request, interrupt)),
        };
        answered.map_err(|error| failed(&error))
    }

    fn search_again(&self, interrupt: &dyn Interrupt) -> Result<(), BrokerError> {
        self.ask_once(&|_| NamespaceRequest::Find, interrupt)?;
        self.has_searched_again.store(true, Ordering::SeqCst);
        Ok(())
    }

    fn ask_once(
        &self,
        request: &dyn Fn(u64) -> NamespaceRequest,
        interrupt: &dyn Interrupt,
    ) -> Result<(NamespaceAnswer, Option<OwnedFd>), BrokerError> {
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        let take = |answer: ReportingAnswer<NamespaceAnswer>| {
            let answer = answer.into_service()?;
            let comes = matches!(answer, NamespaceAnswer::Socket(_) | NamespaceAnswer::Table);
            let descriptors = match &self.successors {
                Some(successors) if self.broker.is_replaced() => successors,
                _ => &self.descriptors,
            };
            let descriptor = comes.then(|| descriptor::receive(descriptors, ticket)).transpose()?;
            Ok((answer, descriptor))
        };
        let request = ReportingRequest::Service(request(ticket));
        self.broker.ask_then(&request, PATIENCE, interrupt, take)
    }
}

impl NamespaceSource for NamespaceBroker {
    fn find(&self, interrupt: &dyn Interrupt) -> Result<FoundNamespaces, Error> {
        let report = match self.0.ask(|_| NamespaceRequest::Find, interrupt)? {
            (NamespaceAnswer::Found(report), None) => report,
            (NamespaceAnswer::Refused(refusal), None) => return Err(refusal.into()),
            _ => return Err(mismatch()),
        };
        let unreadable = report.unreadable.into_iter();
        let mut found = FoundNamespaces::default();
        found.namespaces = report.namespaces;
        found.unreadable = unreadable
            .map(|(name, refusal)| UnreadableNamespace::new(name, refusal.into()))
            .collect();
        found.closed = report.closed;
        Ok(found)
    }

    fn tables(
        &self,
        namespace: &NetNamespace,
        interrupt: &dyn Interrupt,
    ) -> Result<OpenedNamespace, Error> {
        let namespace = namespace.id;
        let request = |ticket| NamespaceRequest::Open { namespace, ticket };
        let root = Arc::clone(&self.0.root);
        let text = Box::new(BrokeredText { connection: Arc::clone(&self.0), namespace });
        match self.0.ask(request, interrupt)? {
            (NamespaceAnswer::Socket(range), Some(socket)) => {
                let port_range = range.map(|(first, last)| first..=last);
                let socket = NamespaceSocket { socket, port_range };
                SocketTables::of_socket(root, socket, Some(text)).map(OpenedNamespace::Full)
            }
            (NamespaceAnswer::Text(why), None) => {
                let tables = SocketTables::of_text(root, text);
                Ok(OpenedNamespace::Text(tables, why.map(Error::from)))
            }
            (NamespaceAnswer::Gone, None) => Ok(OpenedNamespace::Gone),
            (NamespaceAnswer::Refused(refusal), None) => Err(refusal.into()),
            _ => Err(mismatch()),
        }
    }
}

/// The text tables of a namespace, as a broker opens them.
#[derive(Debug)]
struct BrokeredText {
    connection: Arc<BrokerConnection>,
    namespace: Inode,
}

impl TextTables for BrokeredText {
    fn open(&self, file: ProcFile) -> Result<File, Error> {
        let namespace = self.namespace;
        let request = |ticket| NamespaceRequest::OpenText { namespace, file, ticket };
        match self.connection.ask(request, &Uninterrupted)? {
            (NamespaceAnswer::Table, Some(table)) => received_text_table(table),
            (NamespaceAnswer::Gone, None) => {
                let message = "the network namespace is gone".to_owned();
                Err(Error::reported(ErrorKind::NotFound, message))
            }
            (NamespaceAnswer::Refused(refusal), None) => Err(refusal.into()),
            _ => Err(mismatch()),
        }
    }
}

fn mismatch() -> Error {
    failed(&Repr::Sequence.into())
}

fn failed(error: &BrokerError) -> Error {
    let kind = match error.kind() {
        BrokerErrorKind::Interrupted => ErrorKind::Interrupted,
        BrokerErrorKind::Timeout => ErrorKind::Timeout,
        BrokerErrorKind::Gone | BrokerErrorKind::Protocol | BrokerErrorKind::Io => ErrorKind::Io,
    };
    Error::reported(kind, builtin_cli::Chain(error).to_string())
}
