//! Tests which features builtins can rely on in brush, and that the table in `docs/hosts.md` is
//! correct.
//!
//! This is a separate program, because a process can have only one registry.
#![expect(clippy::disallowed_methods, reason = "the test plays the host")]

use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::OwnedFd,
    sync::Arc,
    thread::{self, JoinHandle},
};

use brush_core::{ExecutionParameters, Shell, SourceInfo, openfiles::OpenFile};
use builtin_api::{
    ExitCode, Registry, Sandbox,
    conformance::{self, Call, Host, HostError, Session},
};
use cap_std::{ambient_authority, fs::Dir};
use rustix::{
    pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize},
};
use tokio::{runtime::Runtime, sync::Notify};

struct Brush;

struct BrushSession {
    shell: Shell,
    runtime: Runtime,
}

impl Host for Brush {
    fn start(&self, registry: Registry, sandbox: Sandbox) -> Result<Box<dyn Session>, HostError> {
        brush_host::install(registry, sandbox)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let shell = Shell::builder().builtins(brush_host::registrations()).build();
        let shell = runtime.block_on(shell)?;
        Ok(Box::new(BrushSession { shell, runtime }))
    }
}

impl Session for BrushSession {
    fn call(&mut self, call: Call) -> Result<ExitCode, HostError> {
        let text = call.script().to_string();
        let Call { stdin, stdout, stderr, terminal_width, stop, .. } = call;
        let end = Arc::new(Notify::new());
        let told = Arc::clone(&end);
        stop.on_stop(move || told.notify_one());

        let mut params = self.shell.default_exec_params();
        params.set_fd(0, feed(stdin)?);
        let readers = [
            match terminal_width {
                Some(columns) => show(&mut params, columns.get(), stdout)?,
                None => collect(&mut params, 1, stdout)?,
            },
            collect(&mut params, 2, stderr)?,
        ];
        let source = SourceInfo::default();
        let result = self.runtime.block_on(async {
            tokio::select! {
                result = self.shell.run_string(text, &source, &params) => Some(result),
                () = end.notified() => None,
            }
        });
        drop(params);
        for reader in readers {
            reader.join().map_err(|_| "a reader failed")?;
        }
        let result = result.ok_or("the command was given up")??;
        Ok(ExitCode::new(result.exit_code.into()))
    }
}

/// Writes an input into a pipe, until its reader is closed.
fn feed(mut input: Box<dyn Read + Send>) -> io::Result<OpenFile> {
    let (reader, mut writer) = io::pipe()?;
    thread::spawn(move || io::copy(&mut input, &mut writer));
    Ok(reader.into())
}

/// Reads an output from a pipe, until its receiver is closed.
fn collect(
    params: &mut ExecutionParameters,
    fd: i32,
    output: Box<dyn Write + Send>,
) -> io::Result<JoinHandle<()>> {
    let (reader, writer) = io::pipe()?;
    params.set_fd(fd, writer.into());
    Ok(thread::spawn(move || hand_on(reader, output)))
}

/// Reads an output from a terminal of that width.
fn show(
    params: &mut ExecutionParameters,
    columns: u16,
    output: Box<dyn Write + Send>,
) -> io::Result<JoinHandle<()>> {
    let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&main)?;
    unlockpt(&main)?;
    let terminal: OwnedFd =
        ioctl_tiocgptpeer(&main, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&terminal, size)?;
    let mut modes = tcgetattr(&terminal)?;
    modes.output_modes.remove(OutputModes::OPOST);
    tcsetattr(&terminal, OptionalActions::Now, &modes)?;
    params.set_fd(1, File::from(terminal).into());
    // The end of a terminal is an error (EIO).
    Ok(thread::spawn(move || hand_on(File::from(main), output)))
}

fn hand_on(mut from: impl Read, mut to: impl Write) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(buffer.get(..count).unwrap_or_default()).is_err() {
            return;
        }
    }
}

#[test]
fn brush_is_as_documented() {
    let directory = tempfile::tempdir().unwrap();
    let directory = Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
    let report = conformance::run(&Brush, directory).unwrap();
    let table = include_str!("../../../docs/hosts.md");
    report.check_table(table, "brush").unwrap();
}
