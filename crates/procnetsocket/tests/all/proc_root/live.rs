//! The handle to this machine's own `/proc`; no assertion depends on its sockets.

use std::{
    fs::File,
    io::Read,
    os::{fd::AsFd, unix::net::UnixStream},
    thread,
};

use procnetsocket::{Base, Pid, ProcFile, ProcRoot, RootErrorKind};

fn live() -> ProcRoot {
    #[expect(clippy::disallowed_methods, reason = "the tests are their own host")]
    ProcRoot::open_ambient(cap_std::ambient_authority()).unwrap()
}

fn read(base: Base<'_>, file: ProcFile) -> String {
    let mut text = String::new();
    base.open(file).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn can_be_shared_and_sent() {
    fn shared<T: Send + Sync + std::fmt::Debug>(_: &T) {}
    shared(&live());
}

#[test]
fn is_live() {
    assert!(live().is_live());
}

#[test]
fn reads_a_table_below_every_base_that_has_one() {
    let proc = live();
    let own = proc.pid(Pid::new(std::process::id()).unwrap());
    for base in [proc.thread(), proc.process(), proc.root(), own] {
        assert!(read(base, ProcFile::NetTcp).trim_start().starts_with("sl "), "{base:?}");
    }
}

#[test]
fn every_file_is_opened_or_has_an_error() {
    let proc = live();
    for &file in ProcFile::ALL {
        for base in [proc.thread(), proc.process(), proc.root()] {
            let kind = base.open(file).map(drop).map_err(|error| error.kind());
            let usual = [
                Ok(()),
                Err(RootErrorKind::Missing),
                // Container runtimes bind `/proc/sys` over itself.
                Err(RootErrorKind::Overmounted),
            ];
            assert!(usual.contains(&kind), "{base:?} {file:?}: {kind:?}");
        }
    }
}

#[test]
fn process_file_below_the_root_is_missing() {
    let error = live().root().open(ProcFile::Comm).unwrap_err();
    assert_eq!(error.kind(), RootErrorKind::Missing);
    assert_eq!(error.to_string(), "expected /proc/comm, but the kernel does not have it");
}

#[test]
fn process_that_does_not_exist_has_vanished() {
    // Kernel: `PID_MAX_LIMIT` is 2^22, so no process has this number.
    let error = live().pid(Pid::new(u32::MAX).unwrap()).open(ProcFile::Stat).unwrap_err();
    assert_eq!(error.kind(), RootErrorKind::Vanished);
    assert_eq!(
        error.to_string(),
        "expected /proc/4294967295/stat, but the process or thread is gone or hidden"
    );
}

#[test]
fn process_that_ended_has_vanished() {
    #[expect(clippy::disallowed_methods, reason = "a process that ends is needed")]
    let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let proc = live();
    let base = proc.pid(Pid::new(child.id()).unwrap());
    assert!(!read(base, ProcFile::Comm).trim_end().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(base.open(ProcFile::Comm).unwrap_err().kind(), RootErrorKind::Vanished);
}

#[test]
fn zombie_hides_its_tables() {
    #[expect(clippy::disallowed_methods, reason = "a process that ends is needed")]
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let id = rustix::process::Pid::from_child(&child);
    let ended = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
    rustix::process::waitid(rustix::process::WaitId::Pid(id), ended).unwrap();
    let proc = live();
    let base = proc.pid(Pid::new(child.id()).unwrap());
    assert_eq!(base.open(ProcFile::NetTcp).unwrap_err().kind(), RootErrorKind::Hidden);
    child.wait().unwrap();
}

#[test]
fn reads_the_calling_thread_from_every_thread() {
    let proc = live();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let own = format!("{} (", rustix::thread::gettid());
                    assert!(read(proc.thread(), ProcFile::Stat).starts_with(&own));
                    assert!(read(proc.thread(), ProcFile::NetUdp).trim_start().starts_with("sl "));
                }
            });
        }
    });
}

#[test]
fn table_is_readable_after_its_thread_has_ended() {
    let proc = live();
    let mut table = thread::scope(|scope| {
        scope.spawn(|| proc.thread().open(ProcFile::NetTcp).unwrap()).join().unwrap()
    });
    let mut text = String::new();
    table.read_to_string(&mut text).unwrap();
    assert!(text.trim_start().starts_with("sl "));
}

#[test]
fn returns_target_of_a_descriptor() {
    let proc = live();
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().canonicalize().unwrap();
    assert_eq!(proc.fd_link(file.as_file().as_fd()).unwrap(), path);

    let file: File = file.into_file();
    let link = proc.fd_link(file.as_fd()).unwrap();
    assert_eq!(link.to_str().unwrap(), format!("{} (deleted)", path.display()));

    let (socket, _peer) = UnixStream::pair().unwrap();
    let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
    let link = proc.fd_link(socket.as_fd()).unwrap();
    assert_eq!(link.to_str().unwrap(), format!("socket:[{inode}]"));

    let (pipe, _writer) = std::io::pipe().unwrap();
    let inode = rustix::fs::fstat(&pipe).unwrap().st_ino;
    let link = proc.fd_link(pipe.as_fd()).unwrap();
    assert_eq!(link.to_str().unwrap(), format!("pipe:[{inode}]"));
}

#[test]
fn returns_long_target_of_a_descriptor() {
    let dir = tempfile::tempdir().unwrap();
    let mut path = dir.path().canonicalize().unwrap();
    for _ in 0..10 {
        path.push("d".repeat(200));
        rustix::fs::mkdir(&path, rustix::fs::Mode::RWXU).unwrap();
    }
    #[expect(clippy::disallowed_methods, reason = "a descriptor with a long path is needed")]
    let opened = File::open(&path).unwrap();
    assert_eq!(live().fd_link(opened.as_fd()).unwrap(), path);
}
