//! Confines itself as the shell does, and then tries what a confined process must not be able to
//! do.
//!
//! ```text
//! confined_probe DIRECTORY PORT [--free | --late | --resolver]
//! confined_probe --without-openat2 PROGRAM [WORD...]
//! ```
//!
//! DIRECTORY holds a file `secret`, directories `granted` and `listed` with a file each, and a
//! listening unix socket `listener`; a TCP socket listens at PORT of 127.0.0.1. Each attempt is
//! made by the first thread, by one that is started later, and by one of a tokio runtime, and its
//! result is printed as one line. `--free` does the same without confinement, to show that the
//! attempts can succeed; `--late` starts a thread before it confines itself; `--resolver` confines
//! it as the broker of host names, which may read below `granted`. The second form runs a program
//! as on a kernel without `openat2`.

#![expect(clippy::disallowed_methods, reason = "tries everything that is not allowed")]

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs, io,
    io::Write as _,
    net::{TcpListener, TcpStream, UdpSocket},
    os::{
        fd::AsFd as _,
        unix::{net::UnixStream, process::CommandExt as _},
    },
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::mpsc,
    thread,
};

use builtin_api::Access;
use builtin_cli::Chain;
use host_confine::{Confinement, Duty};
use procnetsocket::{CgroupTree, ProcRoot, SocketTables};
use rustix::{
    fs::{CWD, FileType, MemfdFlags, memfd_create, mknodat},
    io::Errno,
    mount::{UnmountFlags, unmount},
    net::{AddressFamily, Protocol, SocketType, netlink, socket},
    process::{Pid, PidfdFlags, pidfd_open, test_kill_process},
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

fn main() -> ExitCode {
    match probe() {
        Ok(report) => print(&report, ExitCode::SUCCESS),
        Err(error) => print(&format!("{}\n", Chain(&*error)), ExitCode::FAILURE),
    }
}

fn print(report: &str, code: ExitCode) -> ExitCode {
    match io::stdout().write_all(report.as_bytes()) {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn probe() -> Result<String, Box<dyn Error>> {
    let mut args = env::args_os().skip(1);
    let top = PathBuf::from(args.next().ok_or("DIRECTORY is missing")?);
    if top.as_os_str() == "--without-openat2" {
        forbid_openat2()?;
        let program = args.next().ok_or("PROGRAM is missing")?;
        return Err(Command::new(program).args(args).exec().into());
    }
    let port = args.next().and_then(|port| port.into_string().ok()).ok_or("PORT is missing")?;
    let control_group = control_group().unwrap_or_else(|| top.join("listed"));
    let (port, mode) = (port.parse()?, Mode::Confined);
    let mut target = AttemptTarget { who: "first", top, control_group, port, mode };
    // Ends the thread of `--late` when this function ends.
    let (_end, ended) = mpsc::channel::<()>();
    match args.next().as_deref().and_then(|word| word.to_str()) {
        Some("--free") => {
            target.mode = Mode::Free;
            return Ok(everywhere(&target)?);
        }
        Some("--late") => drop(thread::spawn(move || ended.recv())),
        Some("--resolver") => return confined(&target, resolver(&target)?),
        _ => {}
    }
    confined(&target, scripts(&target)?)
}

/// Returns the confinement of a shell.
fn scripts(target: &AttemptTarget) -> Result<Confinement, Box<dyn Error>> {
    let tables = SocketTables::open_ambient(cap_std::ambient_authority())?;
    let mut confinement = Confinement::new(Duty::Scripts);
    confinement.keep(fs::File::open(target.top.join("granted"))?.into(), Access::ReadWrite);
    confinement.keep_sockets();
    confinement.keep_listing(fs::File::open(target.top.join("listed"))?.into());
    if let Some(tree) = CgroupTree::open_ambient(cap_std::ambient_authority()) {
        confinement.keep_listing(tree.as_fd().try_clone_to_owned()?);
    }
    for place in tables.reach()? {
        confinement.keep(place, Access::Read);
    }
    Ok(confinement)
}

/// Returns the confinement of the broker of host names.
fn resolver(target: &AttemptTarget) -> Result<Confinement, Box<dyn Error>> {
    let mut confinement = Confinement::new(Duty::Resolver);
    confinement.keep(fs::File::open(target.top.join("granted"))?.into(), Access::Read);
    Ok(confinement)
}

/// Makes `openat2` fail as on Linux before 5.6.
fn forbid_openat2() -> Result<(), Box<dyn Error>> {
    /// The same number on every architecture.
    const OPENAT2: i64 = 437;
    let filter: BpfProgram = SeccompFilter::new(
        BTreeMap::from([(OPENAT2, vec![])]),
        SeccompAction::Allow,
        SeccompAction::Errno(Errno::NOSYS.raw_os_error().unsigned_abs()),
        env::consts::ARCH.try_into()?,
    )?
    .try_into()?;
    Ok(seccompiler::apply_filter(&filter)?)
}

/// Returns the top of the tree of control groups, where it is mounted.
fn control_group() -> Option<PathBuf> {
    let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(PathBuf::from);
    mounts.into_iter().find(|mount| mount.join("cgroup.controllers").exists())
}

/// Confines itself, and makes the attempts.
fn confined(target: &AttemptTarget, confinement: Confinement) -> Result<String, Box<dyn Error>> {
    let proc = ProcRoot::open_ambient(cap_std::ambient_authority())?;
    let confined = confinement.apply(&proc)?;
    Ok(format!("{confined}\n{}", everywhere(target)?))
}

/// Makes the attempts on every kind of thread.
fn everywhere(target: &AttemptTarget) -> io::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut report = attempts(target);
    let later = AttemptTarget { who: "later", ..target.clone() };
    report += &thread::Builder::new().spawn(move || attempts(&later))?.join().unwrap_or_default();
    let worker = AttemptTarget { who: "worker", ..target.clone() };
    let worker = runtime.spawn_blocking(move || attempts(&worker));
    report += &runtime.block_on(worker).unwrap_or_default();
    Ok(report)
}

/// The thread that makes an attempt, and the files and port that it uses.
#[derive(Clone)]
struct AttemptTarget {
    who: &'static str,
    top: PathBuf,
    /// The top of the tree of control groups, or else the listed directory.
    control_group: PathBuf,
    port: u16,
    mode: Mode,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Confined,
    Free,
}

type Attempt = fn(&AttemptTarget) -> io::Result<()>;

/// Attempts that succeed without confinement, and must fail with it.
const HELD: &[(&str, Attempt)] = &[
    ("read a file", |target| fs::read(target.top.join("secret")).map(drop)),
    ("read /etc/passwd", |_| fs::read("/etc/passwd").map(drop)),
    ("list a directory", |target| fs::read_dir(&target.top).map(drop)),
    ("read a listed file", |target| fs::read(target.top.join("listed/file")).map(drop)),
    ("list the processes of a control group", |target| {
        let files = ["cgroup.procs", "file"].map(|name| target.control_group.join(name));
        files.map(fs::read).into_iter().find_map(Result::ok).map(drop).ok_or_else(refused)
    }),
    ("create a file", |target| fs::write(target.top.join(target.who), "")),
    ("write a file", |target| append(&target.top.join("secret"))),
    ("remove a file", |target| fs::remove_file(target.top.join(format!("victim-{}", target.who)))),
    ("read another process", |_| read_process(parent()?)),
    ("open a device", |_| fs::File::open("/dev/urandom").map(drop)),
    ("run a program", |_| Command::new("/bin/true").status().map(drop)),
    ("fork", |_| fork()),
    ("connect by TCP", |target| TcpStream::connect(("127.0.0.1", target.port)).map(drop)),
    ("listen by TCP", |_| TcpListener::bind("127.0.0.1:0").map(drop)),
    ("open a UDP socket", |_| UdpSocket::bind("127.0.0.1:0").map(drop)),
    ("connect by a unix socket", |target| {
        UnixStream::connect(target.top.join("listener")).map(drop)
    }),
    ("open rtnetlink", |_| netlink_socket(None)),
    ("signal another process", |_| Ok(test_kill_process(parent()?)?)),
    ("hold another process", |_| Ok(pidfd_open(parent()?, PidfdFlags::empty()).map(drop)?)),
    ("make a file in memory", |_| Ok(memfd_create("x", MemfdFlags::empty()).map(drop)?)),
    ("make a FIFO", |target| fifo(&target.granted("fifo"))),
    ("link a file", |target| {
        fs::hard_link(target.top.join("granted/file"), target.granted("link"))
    }),
];

/// Attempts that fail without confinement too, but with another error than `ENOSYS`.
const ABSENT: &[(&str, Attempt)] = &[
    ("become a program", |target| match target.mode {
        Mode::Confined => Err(Command::new("/bin/true").exec()),
        Mode::Free => Err(io::ErrorKind::InvalidInput.into()),
    }),
    ("take a mount away", |target| Ok(unmount(target.top.join("secret"), UnmountFlags::empty())?)),
    ("change the root", |target| Ok(rustix::process::chroot(target.top.join("secret"))?)),
    ("enter a namespace", |_| {
        let (pipe, _writer) = io::pipe()?;
        Ok(rustix::thread::move_into_link_name_space(pipe.as_fd(), None)?)
    }),
];

/// Operations that a shell needs.
const KEPT: &[(&str, Attempt)] = &[
    ("list a listed directory", |target| fs::read_dir(target.top.join("listed")).map(drop)),
    ("list control groups", |target| fs::read_dir(&target.control_group).map(drop)),
    ("read a granted file", |target| fs::read(target.top.join("granted/file")).map(drop)),
    ("write a granted file", |target| fs::write(target.granted("new"), "")),
    ("open sock_diag", |_| netlink_socket(Some(netlink::SOCK_DIAG))),
    ("read a table", |_| fs::read("/proc/thread-self/net/tcp").map(drop)),
    ("start a thread", |_| thread::Builder::new().spawn(|| ()).map(drop)),
];

impl AttemptTarget {
    /// Returns a path in the granted directory that only this thread uses.
    fn granted(&self, name: &str) -> PathBuf {
        self.top.join("granted").join(format!("{name}-{}", self.who))
    }
}

fn attempts(target: &AttemptTarget) -> String {
    let mut report = String::new();
    for (kind, table) in [("held", HELD), ("absent", ABSENT), ("kept", KEPT)] {
        for (what, attempt) in table {
            let result = outcome_word(&attempt(target));
            report.extend([target.who, ": ", kind, ": ", what, ": ", result, "\n"]);
        }
    }
    report
}

fn outcome_word(result: &io::Result<()>) -> &'static str {
    match result.as_ref().map_err(Errno::from_io_error) {
        Ok(()) => "works",
        Err(Some(Errno::NOSYS)) => "no such call",
        Err(Some(Errno::ACCESS)) => "refused",
        Err(_) => "fails",
    }
}

fn refused() -> io::Error {
    io::Error::from(Errno::ACCESS)
}

fn parent() -> io::Result<Pid> {
    rustix::process::getppid().ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn read_process(pid: Pid) -> io::Result<()> {
    fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).map(drop)
}

fn append(path: &Path) -> io::Result<()> {
    fs::OpenOptions::new().append(true).open(path).map(drop)
}

/// With a user id, the standard library uses `fork` instead of `posix_spawn`.
fn fork() -> io::Result<()> {
    let user = rustix::process::getuid().as_raw();
    Command::new("/bin/true").uid(user).status().map(drop)
}

fn netlink_socket(protocol: Option<Protocol>) -> io::Result<()> {
    Ok(socket(AddressFamily::NETLINK, SocketType::DGRAM, protocol).map(drop)?)
}

fn fifo(path: &Path) -> io::Result<()> {
    Ok(mknodat(CWD, path, FileType::Fifo, rustix::fs::Mode::RUSR, 0)?)
}
