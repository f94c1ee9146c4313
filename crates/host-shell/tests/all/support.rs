//! Shared by the tests: builtins to call, directories to grant, and a shell to run a script.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bstr::BString;
use builtin_api::{Access, Builtin, CallContext, Error, ErrorKind, ExitCode, Registry, Sandbox};
use cap_std::{ambient_authority, fs::Dir};
use host_shell::{Script, ScriptLimits, Shell, ShellBuilder};
use tempfile::TempDir;

/// What a script printed, and its status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: u8,
}

pub(crate) fn run_in(shell: &mut Shell, script: &str) -> Ran {
    run_script(shell, &Script { text: script.to_owned(), ..Script::default() })
}

pub(crate) fn run_script(shell: &mut Shell, script: &Script) -> Ran {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let outcome = shell.run(script, &mut stdout, &mut stderr);
    Ran {
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
        status: outcome.status.code(),
    }
}

/// Runs a script in a shell with the builtins of this file, and with a timeout that is long enough
/// on any machine.
pub(crate) fn run(script: &str) -> Ran {
    run_in(&mut shell().build().unwrap(), script)
}

pub(crate) fn shell() -> ShellBuilder {
    let limits = ScriptLimits { timeout: Duration::from_mins(20), ..ScriptLimits::default() };
    Shell::builder().registry(registry()).limits(limits)
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    let builtins: [Box<dyn Builtin>; 6] = [
        Box::new(RowsBuiltin),
        Box::new(ArgsBuiltin),
        Box::new(CountBuiltin),
        Box::new(ShowBuiltin),
        Box::new(Fail),
        Box::new(Panics),
    ];
    for builtin in builtins {
        registry.register(builtin).unwrap();
    }
    registry
}

pub(crate) fn registry_with(builtin: Box<dyn Builtin>) -> Registry {
    let mut registry = registry();
    registry.register(builtin).unwrap();
    registry
}

/// A granted directory with a file.
pub(crate) struct Granted {
    pub(crate) dir: TempDir,
    pub(crate) path: String,
}

impl Granted {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "content\n").unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::fs::write(dir.path().join("sub/inner"), "inner\n").unwrap();
        let path = dir.path().to_str().unwrap().to_owned();
        Self { dir, path }
    }

    pub(crate) fn sandbox(&self, access: Access) -> Sandbox {
        let mut sandbox = Sandbox::empty();
        let dir = Dir::open_ambient_dir(self.dir.path(), ambient_authority()).unwrap();
        sandbox.grant(&self.path, dir, access).unwrap();
        sandbox
    }

    /// Runs a script in which `$D` is the directory.
    pub(crate) fn run(&self, access: Access, script: &str) -> Ran {
        let mut shell = shell().sandbox(self.sandbox(access)).build().unwrap();
        run_in(&mut shell, &format!("D={}\n{script}", self.path))
    }
}

/// `rows COUNT WIDTH`: that many lines of that many bytes.
struct RowsBuiltin;

impl Builtin for RowsBuiltin {
    fn name(&self) -> &'static str {
        "rows"
    }

    fn summary(&self) -> &'static str {
        "print rows"
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        let [count, width] = args else { return Err(Error::new(ErrorKind::Usage, "COUNT WIDTH")) };
        let number = |word: &BString| word.to_string().parse::<usize>().unwrap();
        let mut row = vec![b'r'; number(width) - 1];
        row.push(b'\n');
        let mut out = std::io::BufWriter::with_capacity(64 * 1024, &mut context.stdout);
        for _ in 0..number(count) {
            out.write_all(&row)?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `args WORD...`: the words in brackets.
struct ArgsBuiltin;

impl Builtin for ArgsBuiltin {
    fn name(&self) -> &'static str {
        "args"
    }

    fn summary(&self) -> &'static str {
        "print arguments"
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        for word in args {
            write!(context.stdout, "[{word}]")?;
        }
        writeln!(context.stdout)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `count`: the bytes of standard input.
struct CountBuiltin;

impl Builtin for CountBuiltin {
    fn name(&self) -> &'static str {
        "count"
    }

    fn summary(&self) -> &'static str {
        "count bytes"
    }

    fn run(&self, context: &mut CallContext<'_>, _: &[BString]) -> Result<ExitCode, Error> {
        let mut input = Vec::new();
        context.stdin.read_to_end(&mut input)?;
        let sum: u64 = input.iter().map(|&byte| u64::from(byte)).sum();
        writeln!(context.stdout, "{} {sum}", input.len())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `show PATH`: a file, through the sandbox of the call.
struct ShowBuiltin;

impl Builtin for ShowBuiltin {
    fn name(&self) -> &'static str {
        "show"
    }

    fn summary(&self) -> &'static str {
        "print a file"
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        let [path] = args else { return Err(Error::new(ErrorKind::Usage, "PATH")) };
        let mut file =
            context.sandbox.open(path).map_err(|error| Error::new(ErrorKind::Denied, error))?;
        std::io::copy(&mut file, &mut context.stdout)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `fail STATUS`: that status, and a line on standard error.
struct Fail;

impl Builtin for Fail {
    fn name(&self) -> &'static str {
        "fail"
    }

    fn summary(&self) -> &'static str {
        "fail"
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        writeln!(context.stderr, "asked to fail")?;
        Ok(ExitCode::new(args[0].to_string().parse().unwrap()))
    }
}

struct Panics;

impl Builtin for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }

    fn summary(&self) -> &'static str {
        "panic"
    }

    fn run(&self, _: &mut CallContext<'_>, _: &[BString]) -> Result<ExitCode, Error> {
        panic!("a panic of the test");
    }
}

/// A builtin that reports its start, and waits until it is cancelled.
pub(crate) struct Waits {
    pub(crate) started: mpsc::SyncSender<()>,
    pub(crate) cancelled: Arc<AtomicBool>,
}

impl Builtin for Waits {
    fn name(&self) -> &'static str {
        "waits"
    }

    fn summary(&self) -> &'static str {
        "wait until cancelled"
    }

    fn run(&self, context: &mut CallContext<'_>, _: &[BString]) -> Result<ExitCode, Error> {
        let _ = self.started.try_send(());
        loop {
            if let Err(error) = context.cancel.check() {
                self.cancelled.store(true, Ordering::SeqCst);
                return Err(error);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A builtin that ignores its `Cancel`, and ends when the test lets it.
pub(crate) struct Stuck(pub(crate) std::sync::Mutex<mpsc::Receiver<()>>);

impl Builtin for Stuck {
    fn name(&self) -> &'static str {
        "stuck"
    }

    fn summary(&self) -> &'static str {
        "never come back"
    }

    fn run(&self, _: &mut CallContext<'_>, _: &[BString]) -> Result<ExitCode, Error> {
        let _ = self.0.lock().unwrap().recv();
        Ok(ExitCode::SUCCESS)
    }
}

/// `endless`: rows, each flushed, until the reader is closed.
pub(crate) struct Endless(pub(crate) Arc<AtomicBool>);

impl Builtin for Endless {
    fn name(&self) -> &'static str {
        "endless"
    }

    fn summary(&self) -> &'static str {
        "print for ever"
    }

    fn run(&self, context: &mut CallContext<'_>, _: &[BString]) -> Result<ExitCode, Error> {
        loop {
            if let Err(error) = writeln!(context.stdout, "row") {
                self.0.store(true, Ordering::SeqCst);
                return Err(error.into());
            }
        }
    }
}
