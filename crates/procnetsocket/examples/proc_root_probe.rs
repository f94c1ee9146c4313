//! Opens files of `/proc` through the verified handle and prints the results.
//!
//! Without arguments it prints the results for this machine's `/proc`. With arguments it simulates
//! an attack first; the tests run it like this in separate mount namespaces:
//!
//! ```text
//! proc_root_probe [STEP]...
//!   --open               open the handle now; without it, after the last step
//!   --run COMMAND        run a shell command, such as a mount
//!   --bind-link FROM TO  mount the symbolic link FROM itself over TO
//!   --forbid CALL:ERROR  let openat2 or statx fail with ENOSYS, EPERM, EACCES or EAGAIN (seccomp)
//! ```

use std::{
    collections::BTreeMap,
    error::Error,
    io::{self, Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    process::ExitCode,
};

use procnetsocket::{
    Base, ErrorKind, Pid, ProcFile, ProcRoot, ProcessLimits, ProcessQuery, ProcessTable, RootError,
    SocketTables, Uninterrupted, model::Inode,
};
use rustix::{
    fs::CWD,
    io::Errno,
    mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree},
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// An address and port that only the tests' crafted tables contain.
const MARKER: &str = "EFBEADDE:DEAD";

/// Largest part of a table that the probe reads, in bytes.
const MAX_BYTES: u64 = 1 << 20;

#[expect(clippy::disallowed_methods, reason = "the words of the command line")]
fn main() -> ExitCode {
    match probe(std::env::args().skip(1)) {
        Ok(report) => print(&report),
        Err(error) => print(&format!("probe failed: {error}\n")),
    }
}

fn print(report: &str) -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "a separate program, not a builtin")]
    let mut stdout = io::stdout();
    match stdout.write_all(report.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Takes the steps in order, and reports.
fn probe(mut args: impl Iterator<Item = String>) -> Result<String, Box<dyn Error>> {
    let mut opened = None;
    while let Some(step) = args.next() {
        let mut value = || args.next().ok_or(format!("{step} lacks a value"));
        match step.as_str() {
            "--open" => opened = Some(open()),
            "--run" => run(&value()?)?,
            "--bind-link" => bind_link(&value()?, &value()?)?,
            "--forbid" => forbid(&value()?)?,
            _ => return Err(format!("unknown step {step}").into()),
        }
    }
    Ok(report(opened.unwrap_or_else(open)))
}

fn open() -> Result<ProcRoot, RootError> {
    #[expect(clippy::disallowed_methods, reason = "a separate program, which is its own host")]
    let token = cap_std::ambient_authority();
    ProcRoot::open_ambient(token)
}

fn run(command: &str) -> Result<(), Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "plays the attacker")]
    let status = std::process::Command::new("sh").args(["-ec", command]).status()?;
    if status.success() { Ok(()) } else { Err(format!("setup: {command}: {status}").into()) }
}

/// Mounts a symbolic link itself, which mount(8) cannot do.
#[expect(clippy::disallowed_methods, reason = "plays the attacker")]
fn bind_link(from: &str, to: &str) -> Result<(), Box<dyn Error>> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::AT_SYMLINK_NOFOLLOW;
    let link = open_tree(CWD, from, flags)?;
    move_mount(link, "", CWD, to, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    Ok(())
}

fn forbid(rule: &str) -> Result<(), Box<dyn Error>> {
    let (call, error) = rule.split_once(':').ok_or("expected CALL:ERROR after --forbid")?;
    let call = match (call, std::env::consts::ARCH) {
        ("openat2", _) => 437,
        ("statx", "x86_64") => 332,
        ("statx", "aarch64" | "riscv64") => 291,
        _ => return Err(format!("setup: unknown system call {call}").into()),
    };
    let error = match error {
        "ENOSYS" => Errno::NOSYS,
        "EPERM" => Errno::PERM,
        "EACCES" => Errno::ACCESS,
        "EAGAIN" => Errno::AGAIN,
        _ => return Err(format!("unknown error {error}").into()),
    };
    let filter: BpfProgram = SeccompFilter::new(
        BTreeMap::from([(call, vec![])]),
        SeccompAction::Allow,
        SeccompAction::Errno(error.raw_os_error().unsigned_abs()),
        std::env::consts::ARCH.try_into()?,
    )?
    .try_into()?;
    Ok(seccompiler::apply_filter(&filter)?)
}

fn report(opened: Result<ProcRoot, RootError>) -> String {
    let mut lines = vec![
        // The view of a program without the handle.
        format!("plain /proc/net/tcp: {}", plain("/proc/net/tcp")),
        format!("plain /proc/thread-self/net/tcp: {}", plain("/proc/thread-self/net/tcp")),
        format!("plain /proc/self/net/tcp: {}", plain("/proc/self/net/tcp")),
    ];
    match opened {
        Ok(proc) => {
            lines.push("open: ok".to_owned());
            lines.extend(files(&proc));
            lines.push(format!("processes: {}", processes(proc)));
        }
        Err(error) => lines.push(format!("open: {}", refusal(&error))),
    }
    lines.join("\n") + "\n"
}

fn files(proc: &ProcRoot) -> Vec<String> {
    let own = Pid::new(std::process::id());
    let first = Pid::new(1);
    let mut lines = vec![
        format!("thread net/tcp: {}", table(proc.thread())),
        format!("process net/tcp: {}", table(proc.process())),
        format!("root net/tcp: {}", table(proc.root())),
        format!("own pid net/tcp: {}", own.map_or_else(String::new, |own| table(proc.pid(own)))),
        format!("thread stat: {}", stat(proc.thread())),
        format!("process stat: {}", stat(proc.process())),
        format!("pid 1 stat: {}", first.map_or_else(String::new, |first| any(proc.pid(first)))),
        format!("port range: {}", range(proc.root())),
        // No thread has this file, so it is missing whenever anything can be looked up.
        format!("absent file: {}", range(proc.thread())),
    ];
    #[expect(clippy::disallowed_methods, reason = "only asks where it leads")]
    let link = proc.fd_link(io::stdin().as_fd());
    lines.push(match link {
        Ok(path) => format!("fd 0: real ({})", path.display()),
        Err(error) => format!("fd 0: {}", refusal(&error)),
    });
    lines
}

/// Finds a socket of this process.
fn processes(proc: ProcRoot) -> String {
    match process_pids(proc) {
        Ok(pids) if pids.iter().eq([&std::process::id()]) => "real".to_owned(),
        Ok(pids) => format!("OTHER ({pids:?})"),
        Err(error) => error,
    }
}

#[expect(clippy::disallowed_methods, reason = "its own socket, to look for")]
fn process_pids(proc: ProcRoot) -> Result<Vec<u32>, String> {
    let (socket, _other) = UnixStream::pair().map_err(|error| format!("socket ({error})"))?;
    let number = rustix::fs::fstat(&socket).map_err(|error| format!("fstat ({error})"))?.st_ino;
    let inode = Inode::new(number).ok_or("inode 0")?;
    let query = ProcessQuery::of(vec![inode]);
    let found =
        SocketTables::from_root(proc).processes(&query, &ProcessLimits::default(), &Uninterrupted);
    match found {
        Ok(found) => Ok(ProcessTable::new(found).of(inode).map(|one| one.task.pid.get()).collect()),
        Err(error) => match error.kind() {
            ErrorKind::Root(kind) => Err(format!("{kind:?} ({error})")),
            kind => Err(format!("{kind:?} ({error})")),
        },
    }
}

fn table(base: Base<'_>) -> String {
    read(base, ProcFile::NetTcp).map_or_else(|refusal| refusal, |text| judge(&text).to_owned())
}

/// Distinguishes our process from others.
fn stat(base: Base<'_>) -> String {
    let own = format!("{} (", std::process::id());
    read(base, ProcFile::Stat).map_or_else(
        |refusal| refusal,
        |text| if text.starts_with(&own) { "real" } else { "OTHER" }.to_owned(),
    )
}

fn any(base: Base<'_>) -> String {
    read(base, ProcFile::Stat).map_or_else(|refusal| refusal, |_| "real".to_owned())
}

fn range(base: Base<'_>) -> String {
    read(base, ProcFile::IpLocalPortRange).map_or_else(
        |refusal| refusal,
        |text| {
            let ports = text.split_whitespace().flat_map(str::parse::<u16>);
            if ports.count() == 2 { "real" } else { "OTHER" }.to_owned()
        },
    )
}

fn read(base: Base<'_>, file: ProcFile) -> Result<String, String> {
    let file = base.open(file).map_err(|error| refusal(&error))?;
    text(file).map_err(|error| format!("read ({error})"))
}

fn refusal(error: &RootError) -> String {
    format!("{:?} ({error})", error.kind())
}

fn plain(path: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "what the handle is compared with")]
    let opened = std::fs::File::open(path);
    match opened.and_then(text) {
        Ok(text) => judge(&text).to_owned(),
        Err(error) => format!("none ({error})"),
    }
}

fn text(file: std::fs::File) -> io::Result<String> {
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

fn judge(table: &str) -> &'static str {
    if table.contains(MARKER) {
        "FAKE"
    } else if table.trim_start().starts_with("sl ") {
        "real"
    } else {
        "OTHER"
    }
}
