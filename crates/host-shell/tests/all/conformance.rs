//! What builtins can rely on in this shell, and in a bashkit shell with the same adapter. The table
//! in `docs/hosts.md` has to match.

use std::{future::ready, io::Read as _, sync::atomic::Ordering};

use builtin_api::{
    ExitCode, Registry, Sandbox,
    conformance::{self, Call, Host, HostError, Report, Session},
};
use cap_std::{ambient_authority, fs::Dir};
use host_shell::{
    Script, Shell,
    bashkit::{Bash, ExecOptions},
};
use tokio::runtime::Runtime;

const TABLE: &str = include_str!("../../../../docs/hosts.md");

fn report(host: &dyn Host) -> Report {
    let directory = tempfile::tempdir().unwrap();
    let directory = Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
    conformance::run(host, directory).unwrap()
}

struct HostShell;

struct ShellSession(Shell);

impl Host for HostShell {
    fn start(&self, registry: Registry, sandbox: Sandbox) -> Result<Box<dyn Session>, HostError> {
        let shell = crate::support::shell().registry(registry).sandbox(sandbox).build()?;
        Ok(Box::new(ShellSession(shell)))
    }
}

impl Session for ShellSession {
    fn call(&mut self, mut call: Call) -> Result<ExitCode, HostError> {
        let mut stdin = Vec::new();
        call.stdin.read_to_end(&mut stdin)?;
        // The text of a script is UTF-8.
        let text = call.script().to_string();
        let interrupt = self.0.interrupt();
        call.stop.on_stop(move || interrupt.interrupt());
        let script = Script { text, stdin: Some(stdin), ..Script::default() };
        Ok(self.0.run(&script, &mut call.stdout, &mut call.stderr).status)
    }
}

/// A bashkit shell with builtins from [`host_shell::register`].
struct Bashkit;

struct BashSession(Bash, Runtime);

impl Host for Bashkit {
    fn start(&self, registry: Registry, _: Sandbox) -> Result<Box<dyn Session>, HostError> {
        let bash = host_shell::register(Bash::builder(), &registry).build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        Ok(Box::new(BashSession(bash, runtime)))
    }
}

impl Session for BashSession {
    fn call(&mut self, mut call: Call) -> Result<ExitCode, HostError> {
        let mut stdin = Vec::new();
        call.stdin.read_to_end(&mut stdin)?;
        let text = call.script().to_string();
        let flag = self.0.cancellation_token();
        // The flag stays set until the embedder resets it.
        flag.store(false, Ordering::Relaxed);
        call.stop.on_stop(move || flag.store(true, Ordering::Relaxed));
        let Call { mut stdout, mut stderr, .. } = call;
        let execution = self
            .0
            .execute(&text)
            .options(ExecOptions::new().stdin(stdin))
            .stdout_fn(move |bytes| ready(stdout.write_all(&bytes).map_err(Into::into)))
            .stderr_fn(move |bytes| ready(stderr.write_all(&bytes).map_err(Into::into)));
        let result = self.1.block_on(async { execution.await })?;
        Ok(ExitCode::new(u8::try_from(result.exit_code)?))
    }
}

#[test]
fn host_shell_is_as_documented() {
    report(&HostShell).check_table(TABLE, "host-shell").unwrap();
}

#[test]
fn bashkit_shell_is_as_documented() {
    report(&Bashkit).check_table(TABLE, "bashkit").unwrap();
}
