//! The trait of builtins, and the function that calls one.

use bstr::BString;
use builtin_cli::Chain;

use crate::{
    context::CallContext,
    error::{Error, ErrorKind},
    exit::ExitCode,
};

/// A command that runs inside the host's process.
pub trait Builtin: Send + Sync {
    /// Returns the name by which scripts call it.
    fn name(&self) -> &str;

    /// Returns one line for `help`: lower case, no full stop.
    fn summary(&self) -> &str;

    /// Returns the text of `help NAME`, with line ends: usage and options. `None` if the summary is
    /// enough.
    fn help(&self) -> Option<String> {
        None
    }

    /// Returns whether lists of commands include it. A substitute that only explains why a command
    /// is missing returns `false`.
    fn is_listed(&self) -> bool {
        true
    }

    /// Runs one call. `args` are the words after the name, as bytes.
    ///
    /// # Errors
    ///
    /// An [`Error`] ends the call with the status of its kind; [`invoke`] prints it.
    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error>;
}

impl<B: Builtin + ?Sized> Builtin for Box<B> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn summary(&self) -> &str {
        (**self).summary()
    }

    fn help(&self) -> Option<String> {
        (**self).help()
    }

    fn is_listed(&self) -> bool {
        (**self).is_listed()
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        (**self).run(context, args)
    }
}

/// Runs a builtin and returns its status. An error becomes one line on standard error, prefixed
/// with the builtin's name, and the status of its kind.
///
/// Line ends, controls and marks of direction in the message are escaped, so that a message can
/// neither look like two nor control a terminal. A broken pipe prints nothing, as usual in shells.
pub fn invoke(builtin: &dyn Builtin, context: &mut CallContext<'_>, args: &[BString]) -> ExitCode {
    let error = match builtin.run(context, args) {
        Ok(code) => return code,
        Err(error) => error,
    };
    if error.kind() != ErrorKind::BrokenPipe {
        // OK because an error of standard error cannot be reported anywhere.
        let _ = writeln!(context.stderr, "{}: {}", builtin.name(), Chain(&error));
    }
    error.exit_code()
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use bstr::{BString, ByteSlice as _};
    use rstest::rstest;

    use super::invoke;
    use crate::{
        builtin::Builtin,
        cancel::Cancel,
        context::CallContext,
        error::{Error, ErrorKind},
        exit::ExitCode,
        sandbox::{Access, Sandbox},
    };

    /// A builtin that returns the result of its function.
    struct EndingBuiltin<F>(F);

    impl<F> Builtin for EndingBuiltin<F>
    where
        F: Fn(&mut CallContext<'_>, &[BString]) -> Result<ExitCode, Error> + Send + Sync,
    {
        fn name(&self) -> &'static str {
            "ends"
        }

        fn summary(&self) -> &'static str {
            "returns what it is given"
        }

        fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
            self.0(context, args)
        }
    }

    struct CallOutcome {
        status: u8,
        stdout: String,
        stderr: String,
    }

    fn call_to(builtin: &dyn Builtin, args: &[&[u8]], stderr: &mut dyn Write) -> (u8, String) {
        let mut stdout = Vec::new();
        let mut stdin = &b"from stdin"[..];
        let mut context = CallContext::new(&mut stdin, &mut stdout, stderr);
        let args: Vec<BString> = args.iter().map(|arg| BString::from(*arg)).collect();
        let status = invoke(builtin, &mut context, &args).code();
        (status, String::from_utf8(stdout).unwrap())
    }

    fn call(builtin: &dyn Builtin, args: &[&[u8]]) -> CallOutcome {
        let mut stderr = Vec::new();
        let (status, stdout) = call_to(builtin, args, &mut stderr);
        CallOutcome { status, stdout, stderr: String::from_utf8(stderr).unwrap() }
    }

    fn fail(error: impl Fn() -> Error + Send + Sync) -> CallOutcome {
        call(&EndingBuiltin(move |_: &mut CallContext<'_>, _: &[BString]| Err(error())), &[])
    }

    #[rstest]
    // usual
    #[case::success(ExitCode::SUCCESS, 0)]
    #[case::failure(ExitCode::FAILURE, 1)]
    // boundary
    #[case::largest(ExitCode::new(255), 255)]
    fn returns_the_status_of_the_builtin(#[case] code: ExitCode, #[case] status: u8) {
        let called =
            call(&EndingBuiltin(move |_: &mut CallContext<'_>, _: &[BString]| Ok(code)), &[]);
        assert_eq!((called.status, called.stderr.as_str()), (status, ""));
    }

    #[rstest]
    #[case::failed(ErrorKind::Failed, 1)]
    #[case::usage(ErrorKind::Usage, 2)]
    #[case::denied(ErrorKind::Denied, 1)]
    #[case::cancelled(ErrorKind::Cancelled, 130)]
    #[case::timed_out(ErrorKind::TimedOut, 124)]
    #[case::io(ErrorKind::Io, 1)]
    fn maps_each_kind_to_its_status_and_one_line(#[case] kind: ErrorKind, #[case] status: u8) {
        let called = fail(move || Error::new(kind, "no luck"));
        assert_eq!((called.status, called.stderr.as_str()), (status, "ends: no luck\n"));
    }

    #[rstest]
    #[case::by_kind(|| Error::new(ErrorKind::BrokenPipe, "gone"))]
    #[case::by_cause(|| Error::io("writing", io::ErrorKind::BrokenPipe.into()))]
    #[case::by_question_mark(|| io::Error::from(io::ErrorKind::BrokenPipe).into())]
    fn broken_pipe_prints_nothing(#[case] error: fn() -> Error) {
        let called = fail(error);
        assert_eq!((called.status, called.stderr.as_str()), (141, ""));
    }

    #[test]
    fn prints_the_causes_after_the_message() {
        let called = fail(|| Error::io("reading the list", io::Error::other("disk on fire")));
        assert_eq!(called.stderr, "ends: reading the list: disk on fire\n");
    }

    #[test]
    fn prints_an_error_of_the_sandbox_once() {
        let builtin = EndingBuiltin(|context: &mut CallContext<'_>, _: &[BString]| {
            context.sandbox.open("/etc/pass\nwd")?;
            Ok(ExitCode::SUCCESS)
        });
        let called = call(&builtin, &[]);
        assert_eq!(called.status, 1);
        assert_eq!(
            called.stderr,
            "ends: '/etc/pass\\x0awd' is not available: no granted directory contains it\n",
        );
    }

    #[rstest]
    #[case::newline("bad\nss: all is well", "ends: bad\\nss: all is well\n")]
    #[case::terminal_sequence("\u{1b}[2J", "ends: \\u{1b}[2J\n")]
    #[case::direction("a\u{202e}b", "ends: a\\u{202e}b\n")]
    #[case::in_a_cause("", "ends: : x\\ny\n")]
    fn keeps_a_hostile_message_on_one_line(#[case] message: &'static str, #[case] line: &str) {
        let called = fail(move || match message {
            "" => Error::io("", io::Error::other("x\ny")),
            _ => Error::new(ErrorKind::Failed, message),
        });
        assert_eq!(called.stderr, line);
    }

    #[test]
    fn keeps_the_status_when_standard_error_is_closed() {
        let builtin = EndingBuiltin(|_: &mut CallContext<'_>, _: &[BString]| {
            Err(Error::new(ErrorKind::Usage, "expected a number"))
        });
        let mut full: &mut [u8] = &mut [];
        assert_eq!(call_to(&builtin, &[], &mut full).0, 2);
    }

    #[test]
    fn passes_arguments_and_streams_as_bytes() {
        let builtin = EndingBuiltin(|context: &mut CallContext<'_>, args: &[BString]| {
            assert_eq!(args, [BString::from("-x"), BString::from(b"\xff\n")]);
            let mut input = Vec::new();
            context.stdin.read_to_end(&mut input)?;
            writeln!(context.stdout, "{}", input.as_bstr())?;
            writeln!(context.stderr, "a warning")?;
            Ok(ExitCode::SUCCESS)
        });
        let called = call(&builtin, &[b"-x", b"\xff\n"]);
        assert_eq!(called.stdout, "from stdin\n");
        assert_eq!(called.stderr, "a warning\n");
    }

    #[test]
    fn shows_a_context_without_its_streams() {
        let builtin = EndingBuiltin(|context: &mut CallContext<'_>, _: &[BString]| {
            let shown = format!("{context:?}");
            assert!(shown.starts_with("CallContext { sandbox: {}, cancel: Cancel {"), "{shown}");
            assert!(shown.ends_with(", terminal_width: None, .. }"), "{shown}");
            Ok(ExitCode::SUCCESS)
        });
        assert_eq!(call(&builtin, &[]).status, 0);
    }

    #[test]
    fn can_be_shared_by_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Box<dyn Builtin>>();
        shared::<(Sandbox, Access, Cancel, Error, crate::Registry)>();
    }
}
