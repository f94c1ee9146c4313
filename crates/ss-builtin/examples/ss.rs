//! `ss` on the process's own standard streams, without a shell: for use and for measurement.
//!
//! ```text
//! cargo run --release -p ss-builtin --example ss -- -tan
//! cargo run --release -p ss-builtin --example ss -- --proc-root DIR -tan
//! cargo run --release -p ss-builtin --example ss -- --proc-only -tan
//! cargo run --release -p ss-builtin --example ss -- --grant sockets,processes -tlnp
//! ```
//!
//! As the first arguments only, `--proc-root DIR` lists the sockets of a fake proc root instead of the
//! system's, `--proc-only` those of the system's text tables, without sock_diag, and `--grant NAME,...`
//! grants that instead of `sockets`, as `host-shell` does: `-p`, `-r`, `-E` and `-K` are refused without it. The
//! listing is laid out for the terminal if standard output is one.

use std::{
    ffi::OsString,
    io::{self, IsTerminal},
    net::IpAddr,
    num::NonZeroU16,
    os::unix::ffi::OsStringExt,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use bstr::{BString, ByteSlice as _};
use builtin_api::{CallContext, invoke};
use cap_std::{AmbientAuthority, ambient_authority, fs::Dir};
use dns_lookup::{AddrFamily, AddrInfoHints, SockType};
use procnetsocket::{
    CgroupTree, ProcRoot, SocketTables,
    diag::{EventAuthority, KillAuthority},
};
use socket_query::{
    BlockingHostNames, EventSource, Grant, GrantSet, HostNameError, Names, Policy, PolicyView,
    TimedHostNames, Visibility,
};
use ss_builtin::Ss;

#[expect(clippy::print_stderr, reason = "this program has a standard error of its own")]
#[expect(clippy::disallowed_methods, reason = "and a command line")]
fn main() -> ExitCode {
    let mut args: Vec<BString> =
        std::env::args_os().skip(1).map(|arg| OsStringExt::into_vec(arg).into()).collect();
    match Own::take(&mut args).and_then(|own| view(&own)) {
        Ok(view) => run(view, &args),
        Err(error) => {
            eprintln!("ss: {error}");
            ExitCode::FAILURE
        }
    }
}

type Failure = Box<dyn std::error::Error>;

/// The options of this program, before those of `ss`.
#[derive(Default)]
struct Own {
    tables: Source,
    grants: Option<GrantSet>,
}

#[derive(Default)]
enum Source {
    #[default]
    System,
    SystemText,
    Root(PathBuf),
}

impl Own {
    fn take(args: &mut Vec<BString>) -> Result<Self, Failure> {
        let mut own = Self::default();
        while let Some(first) = args.first().cloned() {
            // A value is attached by `=`, or is the next word.
            let (name, value, taken) = match first.split_once_str("=") {
                Some((name, value)) => (name, Some(BString::from(value)), 1),
                None => (first.as_slice(), args.get(1).cloned(), 2),
            };
            let taken = match name {
                b"--proc-only" => {
                    own.tables = Source::SystemText;
                    1
                }
                b"--proc-root" => {
                    let path = value.ok_or("--proc-root needs a directory")?;
                    own.tables = Source::Root(OsString::from_vec(path.into()).into());
                    taken
                }
                b"--grant" => {
                    let names = value.ok_or("--grant needs names of grants")?.to_string();
                    own.grants =
                        Some(names.split(',').map(str::parse::<Grant>).collect::<Result<_, _>>()?);
                    taken
                }
                _ => break,
            };
            args.drain(..taken);
        }
        Ok(own)
    }
}

/// Returns the authority of this process. Everything that is opened is opened with it.
#[expect(clippy::disallowed_methods, reason = "this example is its own host")]
fn authority() -> AmbientAuthority {
    ambient_authority()
}

#[expect(clippy::disallowed_methods, reason = "this example is its own host")]
fn open(path: impl AsRef<std::path::Path>) -> io::Result<Dir> {
    Dir::open_ambient_dir(path, authority())
}

/// Opens the tables, and what the grants need.
fn view(own: &Own) -> Result<PolicyView, Failure> {
    let tables = match &own.tables {
        Source::System => SocketTables::open_ambient(authority())?,
        Source::SystemText => SocketTables::from_root(ProcRoot::open_ambient(authority())?),
        Source::Root(path) => SocketTables::from_dir(open(path)?),
    };
    let (is_live, has_diag) = (tables.is_live(), tables.diag().is_some());
    // It shows what `ss` shows to the same user, keys included.
    let policy = own.grants.map_or_else(Policy::default, Policy::new);
    let policy = policy.with_secrets(Visibility::Shown);
    let grants = policy.grants();
    let mut view = PolicyView::new(Arc::new(tables), policy, names());
    if is_live && let Some(cgroups) = CgroupTree::open_ambient(authority()) {
        view = view.with_cgroups(Arc::new(cgroups));
    }
    if has_diag && grants.contains(Grant::Events) {
        let right = EventAuthority::from_ambient(authority());
        view = view.with_events(Arc::new(EventSource::open_ambient(&right)?));
    }
    if grants.contains(Grant::Resolve) {
        let hosts = TimedHostNames::new(Arc::new(SystemResolver), PATIENCE);
        view = view.with_host_names(Arc::new(hosts));
    }
    if has_diag && grants.contains(Grant::Kill) {
        view = view.with_kill(KillAuthority::from_ambient(authority()));
    }
    Ok(view)
}

#[expect(clippy::disallowed_methods, reason = "the process's own streams are what this is for")]
fn run(view: PolicyView, args: &[BString]) -> ExitCode {
    let stdout = io::stdout();
    let terminal_width = if stdout.is_terminal() { columns(&stdout) } else { None };
    let (mut stdin, mut stdout, mut stderr) = (io::stdin(), stdout.lock(), io::stderr());
    let mut context =
        CallContext::new(&mut stdin, &mut stdout, &mut stderr).with_terminal_width(terminal_width);
    ExitCode::from(invoke(&Ss::new(view), &mut context, args).code())
}

/// How long one look-up may take: 2 s.
const PATIENCE: Duration = Duration::from_secs(2);

/// The resolver of the C library.
struct SystemResolver;

#[expect(clippy::disallowed_methods, reason = "this example is its own host")]
impl BlockingHostNames for SystemResolver {
    fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, HostNameError> {
        // Compat: each family by itself, so that the C library tells an IPv4 address of `::1`, too.
        let of = |family: AddrFamily| {
            let (socktype, address) = (SockType::Stream.into(), family.into());
            let hints = AddrInfoHints { socktype, address, ..AddrInfoHints::default() };
            let found = dns_lookup::getaddrinfo(Some(name), None, Some(hints));
            found.into_iter().flatten().filter_map(|info| Some(info.ok()?.sockaddr.ip()))
        };
        let addresses: Vec<_> = of(AddrFamily::Inet).chain(of(AddrFamily::Inet6)).collect();
        if addresses.is_empty() { Err(HostNameError::Unknown) } else { Ok(addresses) }
    }

    fn name(&self, address: IpAddr) -> Option<BString> {
        dns_lookup::lookup_addr(&address).ok().map(BString::from)
    }
}

/// Returns the width of a terminal, if it tells.
fn columns(terminal: &io::Stdout) -> Option<NonZeroU16> {
    NonZeroU16::new(rustix::termios::tcgetwinsize(terminal).ok()?.ws_col)
}

/// Reads the system's names of services and protocols; a table that is not there has none.
fn names() -> Names {
    let Ok(etc) = open("/etc") else { return Names::default() };
    let read = |name| etc.read(name).unwrap_or_default();
    Names::new(&read("services"), &read("protocols")).with_users(&read("passwd"))
}
