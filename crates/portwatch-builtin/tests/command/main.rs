//! Tests of the command with fake proc roots, which may change with every line that it prints.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "everything here is test code, which fails by a panic"
)]

mod follow;
mod list;
mod refusal;
mod wait;

use std::{
    collections::VecDeque,
    io::{self, Write},
    num::NonZeroU64,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bstr::BString;
use builtin_api::{CallContext, Cancel, Clock, invoke};
use portwatch_builtin::{OutputMode, PortWatch};
use procnetsocket::{Interrupt, Pid, ProcVisibility, ProcessQuery, ProcessReport, SocketTables};
use rstest::rstest;
use socket_query::{
    AddressFamily, FamilySet, Grant, Names, NamespaceScope, Policy, PolicyView, ProcessSource,
    ProcessSourceError, Visibility, VisibleUsers,
};
use testkit::{Datagram, FakeProc, FakeRoot, ProcTable, Process, Tcp, Unix};

/// A machine and its changes. One happens each time that the clock is read, once after each look.
struct ChangingMachine {
    root: FakeRoot,
    next: std::sync::Mutex<VecDeque<FakeProc>>,
    ticks: AtomicU64,
}

impl ChangingMachine {
    fn new(first: &FakeProc, next: impl IntoIterator<Item = FakeProc>) -> Self {
        let next = std::sync::Mutex::new(next.into_iter().collect());
        Self { root: first.build(), next, ticks: AtomicU64::new(0) }
    }

    fn view(&self, policy: Policy) -> PolicyView {
        let tables = Arc::new(SocketTables::from_dir(self.root.dir()));
        PolicyView::new(tables, policy, Names::new(b"http 80/tcp\n", b""))
    }

    fn turn(&self) {
        if let Some(next) = self.next.lock().unwrap().pop_front() {
            self.root.replace(&next);
        }
    }
}

impl Clock for ChangingMachine {
    fn now(&self) -> SystemTime {
        self.turn();
        let seconds = self.ticks.fetch_add(1, Ordering::Relaxed);
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }
}

/// A standard error that changes the machine after each line.
struct Complaints<'a>(&'a ChangingMachine, Vec<u8>);

impl Write for Complaints<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.contains(&b'\n') {
            self.0.turn();
        }
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct CallResult {
    status: u8,
    stdout: String,
    stderr: String,
}

fn run(
    machine: &ChangingMachine,
    portwatch: &PortWatch,
    cancel: &Cancel,
    words: &[&str],
) -> CallResult {
    let mut stdout = Vec::new();
    let mut stderr = Complaints(machine, Vec::new());
    let mut stdin = io::empty();
    let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr)
        .with_cancel(cancel)
        .with_clock(machine);
    let args: Vec<_> = words.iter().map(|word| BString::from(*word)).collect();
    let status = invoke(portwatch, &mut context, &args).code();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    CallResult { status, stdout: text(stdout), stderr: text(stderr.1) }
}

fn call(machine: &ChangingMachine, words: &[&str]) -> CallResult {
    let portwatch = PortWatch::new(machine.view(Policy::default()));
    run(machine, &portwatch, &Cancel::new(), words)
}

fn base() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("0.0.0.0:22").inode(1))
        .tcp(Tcp::listen("[::1]:80").inode(2).uid(33))
        .tcp(Tcp::established("10.0.0.1:9999", "10.0.0.2:1").inode(3))
        .udp(Datagram::bound("127.0.0.53:53").inode(4).uid(101))
}

fn with(port: u16, inode: u64) -> FakeProc {
    base().tcp(Tcp::listen(&format!("127.0.0.1:{port}")).inode(inode))
}

fn still(root: &FakeProc) -> ChangingMachine {
    ChangingMachine::new(root, [])
}
