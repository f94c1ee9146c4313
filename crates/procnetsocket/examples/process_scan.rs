//! Finds the processes of all sockets and prints their number, for measurement.
//!
//! ```text
//! cargo run --release -p procnetsocket --example process_scan
//! cargo run --release -p procnetsocket --example process_scan -- bare
//! ```
//!
//! With `bare` it walks the same directories and links on two threads, and does nothing else. With
//! `list` it reads the directories alone, and with `open` it opens them: what is left out is what
//! reading of links and of directories takes.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "this program is its own host, and opens /proc directly to measure it"
)]

use std::{
    io,
    mem::MaybeUninit,
    sync::atomic::{AtomicUsize, Ordering},
};

use cap_std::ambient_authority;
use procnetsocket::{
    ProcRoot, ProcessLimits, ProcessQuery, ProcessTable, SocketTables, Uninterrupted,
};
use rustix::fs::{CWD, Mode, OFlags, RawDir};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(word) = std::env::args().nth(1) {
        let depth = match word.as_str() {
            "bare" => ScanDepth::Links,
            "list" => ScanDepth::Names,
            "open" => ScanDepth::Directories,
            _ => return Err("expected nothing, `bare`, `list` or `open`".into()),
        };
        println!("{} reached", walk(depth)?);
        return Ok(());
    }
    let tables = SocketTables::from_root(ProcRoot::open_ambient(ambient_authority())?);
    let report =
        tables.processes(&ProcessQuery::all(), &ProcessLimits::default(), &Uninterrupted)?;
    let held: usize = report.tasks.iter().map(|task| task.sockets.len()).sum();
    println!(
        "{} processes hold sockets, {held} times; {} closed",
        report.tasks.len(),
        report.closed
    );
    let _ = ProcessTable::new(report);
    Ok(())
}

/// What a walk reaches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ScanDepth {
    Directories,
    Names,
    Links,
}

/// Reads every directory and every link, as far as `depth`, and keeps nothing.
fn walk(depth: ScanDepth) -> io::Result<usize> {
    let mut buffer = vec![MaybeUninit::uninit(); 32 * 1024];
    let proc = rustix::fs::openat(CWD, "/proc", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    let mut pids = Vec::new();
    let mut names = RawDir::new(&proc, &mut buffer);
    while let Some(entry) = names.next() {
        let entry = entry?;
        if entry.file_name().to_bytes().first().is_some_and(u8::is_ascii_digit) {
            pids.push(format!("{}/fd", entry.file_name().to_string_lossy()));
        }
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut count = 0;
        while let Some(path) = pids.get(next.fetch_add(1, Ordering::Relaxed)) {
            count += walk_process(&proc, path, depth).unwrap_or_default();
        }
        count
    };
    Ok(std::thread::scope(|scope| {
        let helper = scope.spawn(worker);
        worker() + helper.join().unwrap_or_default()
    }))
}

fn walk_process(proc: &impl rustix::fd::AsFd, path: &str, depth: ScanDepth) -> io::Result<usize> {
    let mut buffer = vec![MaybeUninit::uninit(); 32 * 1024];
    let dir = rustix::fs::openat(proc, path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    if depth == ScanDepth::Directories {
        return Ok(1);
    }
    let mut names = RawDir::new(&dir, &mut buffer);
    let mut count = 0;
    while let Some(entry) = names.next() {
        let mut text = [MaybeUninit::uninit(); 64];
        let entry = entry?;
        let is_reached = depth == ScanDepth::Names
            || rustix::fs::readlinkat_raw(&dir, entry.file_name(), &mut text).is_ok();
        count += usize::from(is_reached);
    }
    Ok(count)
}
