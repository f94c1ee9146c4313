//! Builtins in a bashkit shell of an embedder: which of its constructs pass output on at once, and
//! which keep it until the builtin has ended. The documentation of `register` lists them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bstr::BString;
use builtin_api::{Builtin, CallContext, Error, ExitCode, Registry};
use host_shell::{bashkit::Bash, register};
use rstest::rstest;

/// More than fits into any pipe of the interpreter.
const BYTES: usize = 1024 * 1024;

/// Prints [`BYTES`], and counts the bytes that were accepted.
struct Writer(Arc<AtomicUsize>);

/// Records how much was written when the first byte arrived.
struct Reader(Arc<AtomicUsize>, Arc<AtomicUsize>);

impl Builtin for Writer {
    fn name(&self) -> &'static str {
        "writer"
    }

    fn summary(&self) -> &'static str {
        "prints a lot"
    }

    fn run(&self, context: &mut CallContext<'_>, _: &[BString]) -> Result<ExitCode, Error> {
        let line = [[b'x'; 1023].as_slice(), b"\n"].concat();
        while self.0.load(Ordering::SeqCst) < BYTES {
            context.stdout.write_all(&line)?;
            self.0.fetch_add(line.len(), Ordering::SeqCst);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Builtin for Reader {
    fn name(&self) -> &'static str {
        "reader"
    }

    fn summary(&self) -> &'static str {
        "looks when the first byte arrives"
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        if args.is_empty() {
            context.stdin.read_exact(&mut [0])?;
        }
        self.1.store(self.0.load(Ordering::SeqCst), Ordering::SeqCst);
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns how much of its output `writer` had printed when `reader` saw the first byte of it.
fn written_ahead(script: &str) -> usize {
    let (written, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(usize::MAX)));
    let mut registry = Registry::new();
    registry.register(Writer(Arc::clone(&written))).unwrap();
    registry.register(Reader(written, Arc::clone(&seen))).unwrap();
    let mut bash = register(Bash::builder(), &registry).build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let result = runtime.block_on(bash.exec(script)).unwrap();
    assert_eq!(result.stderr, "", "{script}");
    seen.load(Ordering::SeqCst)
}

#[rstest]
#[case::pipeline("writer | reader")]
#[case::between_others("writer | cat | reader")]
#[case::group("{ writer; } | reader")]
#[case::loop_writes("for i in 1; do writer; done | reader")]
#[case::loop_reads("writer | while read line; do reader now; break; done")]
fn output_is_passed_on_at_once(#[case] script: &str) {
    let ahead = written_ahead(script);
    assert!(ahead < BYTES, "{ahead} bytes were written before the first one arrived");
}

#[rstest]
#[case::substitution("x=$(writer); reader now")]
#[case::process_substitution("reader < <(writer)")]
#[case::whole_input("writer | sort | reader")]
fn output_is_kept_until_builtin_ends(#[case] script: &str) {
    assert_eq!(written_ahead(script), BYTES);
}
