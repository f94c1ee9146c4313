//! Every bound of this shell: its value, its unit, and why it has it.
//!
//! The interpreter has limits of its own, and some of them cut data off in silence. So each is set
//! here on purpose. Two rules chose the values:
//!
//! - a listing of 100 000 sockets (10 to 30 MB of text) must pass through a pipeline, into a
//!   variable and through a loop;
//! - what is too large must be an error. A limit at which the interpreter cuts is therefore put
//!   above the one at which it fails, so that the failure comes first.
//!
//! Some bounds are fixed in the interpreter. `docs/shell.md` lists them with what a script sees of
//! each.

use std::time::Duration;

use bashkit::{ExecutionLimits, FsLimits, MemoryLimits, SessionLimits};

const MIB: usize = 1024 * 1024;

/// Time for one script, or for one line at the prompt, unless the host says otherwise.
///
/// Long enough for a listing of a large machine; short enough that a forgotten script ends.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of standard output for one script, unless the host says otherwise: some 600 000 rows.
///
/// Output is handed on as it comes and not held, so this bounds no memory. It bounds what a script
/// may push into a log or into a program that reads it.
pub const DEFAULT_MAX_OUTPUT_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of standard error for one script. Reaching it is an error, as for standard output.
pub const MAX_ERROR_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes that may wait between the stages of a pipeline, or in a substitution, at one moment.
///
/// Three times the largest file ([`MAX_FILE_BYTES`]), or a wide listing of 100 000 sockets, because
/// the interpreter holds data more than once at a moment, as bytes and as text, and in `$(<FILE)`
/// four times. Its default is 32 MB. Reaching it ends the script with an error.
pub const MAX_LIVE_BYTES: usize = 100 * MIB;

/// Bytes that all commands of one script may read, summed up: 100 000 wide rows through sixteen
/// commands. The interpreter's default of 100 MB is three. Reaching it is an error.
pub const MAX_INPUT_BYTES: usize = 512 * MIB;

/// Bytes at which the interpreter would cut captured output in silence: never reached, because
/// [`MAX_LIVE_BYTES`] and [`MAX_INPUT_BYTES`] fail before.
pub const MAX_CAPTURE_BYTES: usize = 2 * MAX_INPUT_BYTES;

/// Commands of one script: a loop over 100 000 rows with ten commands each. The interpreter's
/// default is 10 000. Reaching it is an error; the timeout ends most such scripts before.
pub const MAX_COMMANDS: usize = 1_000_000;

/// Turns of one loop, and of all loops of one script together: one row each, with room. The
/// interpreter's default for one loop is 10 000. Reaching it is an error.
pub const MAX_LOOP_TURNS: usize = 1_000_000;

/// Work units of the interpreter's own ledger for one script, its default tenfold: bytes, fields
/// and steps of its commands are charged here. Reaching it is an error.
pub const MAX_WORK_UNITS: u64 = 1_000_000_000;

/// Work units more, since each call is looked at: the interpreter charges 100 for each of
/// [`MAX_COMMANDS`].
const LOOKING_WORK_UNITS: u64 = 100_000_000;

/// Commands that run one another (`command`, `env`, `xargs` ...) in one call, and words `time` in
/// one command: the interpreter's own bound for what nests. It recurses for each, and has no bound
/// for these. Reaching it ends the script with an error.
pub const MAX_NESTED_COMMANDS: usize = 100;

/// Words of an expression of `test` or `find`, and words and punctuation of a filter of `jq`. The
/// interpreter recurses for each, and the stack of unoptimised code is enough for twice as many.
/// Reaching it ends the script with an error.
pub const MAX_EXPRESSION_WORDS: usize = 2_000;

/// Bytes of all variables together: one wide listing in a variable. Reaching it is an error.
pub const MAX_VARIABLE_BYTES: usize = MAX_LIVE_BYTES;

/// Entries of all arrays together: `mapfile` of 100 000 rows, with room. Reaching it is an error.
pub const MAX_ARRAY_ENTRIES: usize = 1_000_000;

/// Bytes of one unquoted expansion that is split into words. Reaching it is an error.
pub const MAX_WORD_SPLIT_BYTES: usize = MAX_LIVE_BYTES;

/// Words of one expansion, at which the interpreter would cut in silence: never reached, because
/// [`MAX_WORD_SPLIT_BYTES`] fails before.
pub const MAX_WORD_SPLIT_FIELDS: usize = 2 * MAX_WORD_SPLIT_BYTES;

/// Words of one range in braces, fixed in the interpreter. A script with a longer one is refused,
/// but for what it makes while it runs.
pub const MAX_BRACE_WORDS: u64 = 10_000;

/// Words of all groups of one word, fixed in the interpreter. It counts a word once for each group
/// that leads to it. A script with a longer one is refused as above.
pub const MAX_BRACE_TOTAL: u64 = 100_000;

/// Bytes of all words of the groups of one word, fixed in the interpreter likewise.
pub const MAX_BRACE_BYTES: u64 = 10 * 1024 * 1024;

/// Bytes of what `${v//PATTERN/TEXT}` makes, fixed in the interpreter: past it the value stays as
/// it was. See [`crate::Shell::run`] for where that is an error.
pub const MAX_REPLACED_BYTES: usize = 10 * 1024 * 1024;

/// Places at which `${v#PATTERN}` and its like try a pattern with `[...]`, `?` or two `*`, fixed in
/// the interpreter: what is behind is not looked at. See [`crate::Shell::run`] likewise.
pub const MAX_PATTERN_PLACES: usize = 10_000;

/// Bytes of a script in which expansions are that the interpreter may cut: their checks have to be
/// put into it. A larger one is refused.
pub const MAX_CHECKED_BYTES: usize = MIB;

/// Bytes of one script, the interpreter's default; so are the depths of what it nests (sixteen
/// functions, thirty-two substitutions). Reaching one is an error.
pub const MAX_SCRIPT_BYTES: usize = 10_000_000;

/// Bytes of the standard input that a script is given. It is read before the script starts,
/// because the interpreter takes it whole. Reaching it is an error.
pub const MAX_STDIN_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes of a script and of its input together, where they are sent to the process that runs it and
/// its output comes back ([`Streams::Captured`](crate::setup::Streams::Captured)). Reaching it is
/// an error.
pub const MAX_CAPTURED_BYTES: usize = 12 * MIB;

/// Bytes of one file, in memory or in a granted directory, that a command reads or writes: a wide
/// listing of 100 000 sockets. The interpreter's default is 10 MB. Reaching it is an error.
pub const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes of all files in memory. The interpreter's default is 100 MB. Reaching it is an error.
pub const MAX_MEMORY_FILE_BYTES: u64 = 128 * 1024 * 1024;

/// Entries that one command or one pattern lists, of granted directories and of those in memory.
/// Reaching it ends the script with an error, because a pattern would be cut otherwise.
pub const MAX_LISTED_ENTRIES: usize = 1_000_000;

/// Directories in one another that a path leads through, with those of its grant. The interpreter's
/// default is 100, below which `tree` and `**` see nothing. A directory that is deeper ends the
/// script that lists it with an error.
pub const MAX_PATH_DEPTH: usize = 256;

/// Bytes of standard output of one builtin call, wherever it goes: two million rows. A stage of a
/// pipeline that takes its input whole takes it without a bound, so the bound has to be here.
/// Reaching it ends the script with an error.
pub const MAX_CALL_OUTPUT_BYTES: usize = 256 * MIB;

/// Builtin calls that may have a thread at one time: the interpreter's own bound for jobs. Calls
/// that did not come back after they were cancelled count too. Reaching it is an error.
pub const MAX_BUILTIN_THREADS: usize = 64;

/// Stack of the thread of one builtin call: what a program's main thread has on Linux.
pub const BUILTIN_STACK_BYTES: usize = 8 * MIB;

/// Stack of the thread that runs a script. The interpreter's bounds of depth are made for 2 MiB of
/// optimised code; unoptimised code overflows that with sixteen functions that substitute one
/// another, and an overflow would end the process.
pub const INTERPRETER_STACK_BYTES: usize = 64 * MIB;

/// Threads of the runtime beside the interpreter's, which parse what is long, with a stack of that
/// size too. What waits for one waits for no other, so two are enough.
pub const MAX_PARSER_THREADS: usize = 2;

/// Bytes that one script writes into granted directories, unless the host says otherwise. Reaching
/// it ends the script with an error.
///
/// What is written again counts again, so this bounds the wear of a disk and not only its room.
pub const DEFAULT_MAX_WRITE_BYTES: u64 = 1024 * 1024 * 1024;

/// Bytes that a file, a directory or a link counts for at least when it is made or written: the
/// block that it takes on most file systems. So the entries of a directory are bounded, too.
pub const ENTRY_BYTES: u64 = 4096;

/// Bytes of memory for the process of the interpreter, unless the host says otherwise: what the
/// limits above leave to one script, and the stacks of its threads.
///
/// The interpreter counts what it holds after it has it, and not everything, so this is the
/// kernel's to hold (`RLIMIT_DATA`). Reaching it ends the process, so it is for hosts that have one
/// for the interpreter alone. `RLIMIT_AS` would count what threads reserve and never use.
pub const DEFAULT_MAX_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;

/// The least memory that a host may choose: twice the stack of the interpreter.
pub const LEAST_MAX_MEMORY_BYTES: u64 = 128 * 1024 * 1024;

/// What the host may choose; all else is fixed above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptLimits {
    /// Time for one script.
    pub timeout: Duration,
    /// Bytes of standard output for one script.
    pub max_output_bytes: u64,
    /// Bytes that one script writes into granted directories.
    pub max_write_bytes: u64,
    /// Bytes of memory for the process in which scripts run.
    ///
    /// A [`Shell`](crate::Shell) cannot hold it: the host does, by running it in a process with
    /// that limit, as `host-shell` does.
    pub max_memory_bytes: u64,
}

impl Default for ScriptLimits {
    fn default() -> Self {
        Self {
            timeout: DEFAULT_TIMEOUT,
            max_output_bytes: DEFAULT_MAX_OUTPUT_BYTES,
            max_write_bytes: DEFAULT_MAX_WRITE_BYTES,
            max_memory_bytes: DEFAULT_MAX_MEMORY_BYTES,
        }
    }
}

impl ScriptLimits {
    /// Returns the interpreter's limits.
    pub(crate) fn execution(self) -> ExecutionLimits {
        ExecutionLimits::new()
            .timeout(self.timeout)
            // Parsing is a part of the time that a script may take.
            .parser_timeout(self.timeout)
            .max_work_units(MAX_WORK_UNITS.saturating_add(LOOKING_WORK_UNITS))
            .max_aggregate_input_bytes(u64::try_from(MAX_INPUT_BYTES).unwrap_or(u64::MAX))
            .max_live_intermediate_bytes(u64::try_from(MAX_LIVE_BYTES).unwrap_or(u64::MAX))
            .max_commands(MAX_COMMANDS)
            .max_loop_iterations(MAX_LOOP_TURNS)
            .max_total_loop_iterations(MAX_LOOP_TURNS)
            .max_input_bytes(MAX_SCRIPT_BYTES)
            .max_stdout_bytes(MAX_CAPTURE_BYTES)
            .max_stderr_bytes(MAX_CAPTURE_BYTES)
            .max_word_split_fields(MAX_WORD_SPLIT_FIELDS)
            .max_word_split_bytes(MAX_WORD_SPLIT_BYTES)
    }
}

/// A shell has no bound of its own on top of those of its scripts: a prompt may stay open all day.
pub(crate) fn session() -> SessionLimits {
    SessionLimits::unlimited()
}

pub(crate) fn memory() -> MemoryLimits {
    MemoryLimits::new()
        .max_total_variable_bytes(MAX_VARIABLE_BYTES)
        .max_array_entries(MAX_ARRAY_ENTRIES)
}

pub(crate) fn files() -> FsLimits {
    FsLimits::new()
        .max_total_bytes(MAX_MEMORY_FILE_BYTES)
        .max_file_size(MAX_FILE_BYTES)
        // The interpreter cuts what a pattern matches at this number.
        .max_file_count(u64::try_from(MAX_LISTED_ENTRIES).unwrap_or(u64::MAX))
        .max_path_depth(MAX_PATH_DEPTH)
}
