//! Builtins of [`builtin_api`] in a [brush] shell.
//!
//! brush is a bash-compatible shell as a library: it starts processes and opens files like any
//! shell. This crate adds the builtins of a [`Registry`], which read and write brush's pipes and
//! files while they run.
//!
//! # Examples
//!
//! ```no_run
//! use brush_builtins::{BuiltinSet, ShellBuilderExt as _};
//! use builtin_api::{Registry, Sandbox};
//!
//! # async fn shell() -> Result<(), Box<dyn std::error::Error>> {
//! let mut registry = Registry::new();
//! registry.register(ss_builtin::Ss::system(builtin_api::cap_std::ambient_authority())?)?;
//! brush_host::install(registry, Sandbox::empty())?;
//!
//! let mut shell = brush_core::Shell::builder()
//!     .default_builtins(BuiltinSet::BashMode)
//!     .builtins(brush_host::registrations())
//!     .build()
//!     .await?;
//! let params = shell.default_exec_params();
//! shell.run_string("ss -tln | head -n 3", &brush_core::SourceInfo::default(), &params).await?;
//! # Ok(())
//! # }
//! ```
//!
//! `examples/ss-shell.rs` is a shell with `ss` and `portwatch`.
//!
//! # One registry in a process
//!
//! A builtin of brush 0.5 is a function pointer, without state. Therefore the registry is in a
//! static, which [`install`] sets once, and every shell of the process has the same builtins.
//!
//! # No sandbox
//!
//! A script in brush has the authority of its user: it starts programs and opens any file. This
//! crate does not change that, and confining the process would confine the shell, too. The
//! [`Sandbox`] restricts only builtins, not the script. Use `host-shell` for untrusted scripts.
//!
//! # Streams
//!
//! Each call runs on a thread of tokio's pool for blocking work, directly with brush's streams: a
//! pipe, a file, or the terminal with its width. Arguments are text, because words of brush are
//! `String`s. A call is cancelled when its future is dropped; brush has no other way to end a
//! command.
//!
//! [brush]: https://github.com/reubeno/brush

use std::{
    io::{Read, Write},
    num::NonZeroU16,
    sync::OnceLock,
};

use brush_core::{
    ExecutionContext, ExecutionResult, ShellExtensions,
    builtins::{BoxFuture, ContentOptions, ContentType, Registration},
    commands::CommandArg,
    openfiles::OpenFiles,
};
use bstr::BString;
use builtin_api::{CallContext, Cancel, CancelOnDrop, ExitCode, Registry, Sandbox, invoke};

static INSTALLED: OnceLock<Installed> = OnceLock::new();

#[derive(Debug)]
struct Installed {
    registry: Registry,
    sandbox: Sandbox,
}

/// The process has a registry already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the registry of this process is installed already, and there can be only one")]
pub struct AlreadyInstalled;

/// Sets the builtins of this process, and the directories that they may open, once.
///
/// # Errors
///
/// [`AlreadyInstalled`]; the first registry is kept.
pub fn install(registry: Registry, sandbox: Sandbox) -> Result<(), AlreadyInstalled> {
    INSTALLED.set(Installed { registry, sandbox }).map_err(|_| AlreadyInstalled)
}

/// Returns the installed builtins, for `ShellBuilder::builtins`; empty before [`install`].
pub fn registrations<SE: ShellExtensions>() -> impl Iterator<Item = (String, Registration<SE>)> {
    let builtins = INSTALLED.get().into_iter().flat_map(|installed| installed.registry.iter());
    builtins.map(|builtin| {
        let registration = Registration {
            execute_func: execute::<SE>,
            content_func: content,
            disabled: false,
            special_builtin: false,
            declaration_builtin: false,
        };
        (builtin.name().to_owned(), registration)
    })
}

fn execute<SE: ShellExtensions>(
    context: ExecutionContext<'_, SE>,
    args: Vec<CommandArg>,
) -> BoxFuture<'_, Result<ExecutionResult, brush_core::Error>> {
    let name = context.command_name.clone();
    let terminal_width = terminal_width(&context);
    let (stdin, stdout, stderr) = (context.stdin(), context.stdout(), context.stderr());
    // Closes its handles of the streams, so that a reader reaches the end of the output.
    drop(context);
    // The first word is the name.
    let args: Vec<BString> = args.into_iter().skip(1).map(|word| word.to_string().into()).collect();
    Box::pin(async move {
        let cancel = Cancel::new();
        let _guard = CancelOnDrop(cancel.clone());
        let call = move || call(&name, &args, (stdin, stdout, stderr), terminal_width, &cancel);
        let status = tokio::task::spawn_blocking(call).await.unwrap_or(ExitCode::FAILURE);
        Ok(ExecutionResult::new(status.code()))
    })
}

fn call(
    name: &str,
    args: &[BString],
    (mut stdin, mut stdout, mut stderr): (impl Read, impl Write, impl Write),
    terminal_width: Option<NonZeroU16>,
    cancel: &Cancel,
) -> ExitCode {
    let Some((installed, builtin)) =
        INSTALLED.get().and_then(|installed| Some((installed, installed.registry.get(name)?)))
    else {
        return ExitCode::NOT_FOUND;
    };
    let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr)
        .with_sandbox(&installed.sandbox)
        .with_cancel(cancel)
        .with_terminal_width(terminal_width);
    invoke(&**builtin, &mut context, args)
}

/// Returns the columns of the terminal if standard output is one.
fn terminal_width<SE: ShellExtensions>(context: &ExecutionContext<'_, SE>) -> Option<NonZeroU16> {
    let stdout = context.try_fd(OpenFiles::STDOUT_FD)?;
    if !stdout.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stdout.try_borrow_as_fd().ok()?).ok()?;
    NonZeroU16::new(size.ws_col)
}

/// Returns the text of brush's `help`.
#[expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "the signature is that of brush's function pointer"
)]
fn content(
    name: &str,
    content: ContentType,
    _: &ContentOptions,
) -> Result<String, brush_core::Error> {
    let builtin = INSTALLED.get().and_then(|installed| installed.registry.get(name));
    let summary = builtin.map_or("", |builtin| builtin.summary());
    Ok(match content {
        ContentType::ShortUsage => format!("{name}: {name} [OPTIONS]\n"),
        _ => format!("{name} - {summary}\n\n{name} --help prints its options.\n"),
    })
}
