//! Every limit of this shell: its value, its unit, and the reason for it.
//!
//! The interpreter has its own limits, and some of them cut data silently. So each is set here
//! explicitly, by two rules:
//!
//! - a listing of 100 000 sockets (10 to 30 MB of text) must pass through a pipeline, into a
//!   variable and through a loop;
//! - too much data must be an error. A limit at which the interpreter cuts is therefore set above
//!   the one at which it fails.
//!
//! Some limits are fixed in the interpreter. `docs/shell.md` lists them and their effects.

use std::time::Duration;

use bashkit::{ExecutionLimits, FsLimits, MemoryLimits, SessionLimits};

const MIB: usize = 1024 * 1024;

/// Time for one script, or for one line at the prompt, unless the host sets another limit.
///
/// Long enough to list all sockets of a large machine; short enough to end a forgotten script.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of standard output for one script, unless the host sets another limit: about 600 000 rows.
///
/// Output is passed on immediately and not stored, so this does not limit memory. It limits how
/// much a script may write into a log or to a program that reads it.
pub const DEFAULT_MAX_OUTPUT_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of output that the interpreter hands on at once, fixed in it. What is longer comes in
/// pieces that end anywhere.
pub(crate) const PIECE_BYTES: usize = 4096;

/// Bytes of a line that is kept until it ends, where it is in several pieces. Of a longer one the
/// pieces are printed as they come.
pub(crate) const MAX_LINE_BYTES: usize = 64 * 1024;

/// Bytes of standard error for one script. Reaching it is an error, as for standard output.
pub const MAX_ERROR_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes held between the stages of a pipeline, or in a substitution, at one time.
///
/// Three times the largest file ([`MAX_FILE_BYTES`]), or a wide listing of 100 000 sockets, because
/// the interpreter holds several copies of the data, as bytes and as text: four of them in
/// `$(<FILE)`. Its default is 32 MB. Reaching it ends the script with an error.
pub const MAX_LIVE_BYTES: usize = 100 * MIB;

/// Total bytes that all commands of one script may read: 100 000 wide rows through sixteen
/// commands. The interpreter's default of 100 MB is enough for three. Reaching it is an error.
pub const MAX_INPUT_BYTES: usize = 512 * MIB;

/// Bytes at which the interpreter would silently cut captured output: never reached, because
/// [`MAX_LIVE_BYTES`] and [`MAX_INPUT_BYTES`] fail before.
pub const MAX_CAPTURE_BYTES: usize = 2 * MAX_INPUT_BYTES;

/// Commands of one script: a loop over 100 000 rows with ten commands each. The interpreter's
/// default is 10 000. Reaching it is an error; most such scripts reach the timeout first.
pub const MAX_COMMANDS: usize = 1_000_000;

/// Iterations of one loop, and of all loops of one script together: ten for each of 100 000 rows.
/// The interpreter's default for one loop is 10 000. Reaching it is an error.
pub const MAX_LOOP_TURNS: usize = 1_000_000;

/// Work units that the interpreter charges one script for bytes, fields and steps of its commands:
/// ten times its default. Reaching it is an error.
pub const MAX_WORK_UNITS: u64 = 1_000_000_000;

/// Additional work units for the check of each call: the interpreter charges 100 for each of
/// [`MAX_COMMANDS`].
const LOOKING_WORK_UNITS: u64 = 100_000_000;

/// Commands that run one another (`command`, `env`, `xargs` ...) in one call, and words `time` in
/// one command: the interpreter's limit for other nesting. It recurses for each of these without a
/// limit. Reaching it ends the script with an error.
pub const MAX_NESTED_COMMANDS: usize = 100;

/// Words of an expression of `test` or `find`, and words and punctuation of a filter of `jq`. The
/// interpreter recurses for each, and the stack is large enough for twice as many, even in
/// unoptimised code. Reaching it ends the script with an error.
pub const MAX_EXPRESSION_WORDS: usize = 2_000;

/// Bytes of all variables together: one wide listing in a variable. Reaching it is an error.
pub const MAX_VARIABLE_BYTES: usize = MAX_LIVE_BYTES;

/// Entries of all arrays together: ten times `mapfile` of 100 000 rows. Reaching it is an error.
pub const MAX_ARRAY_ENTRIES: usize = 1_000_000;

/// Bytes of one unquoted expansion that is split into words. Reaching it is an error.
pub const MAX_WORD_SPLIT_BYTES: usize = MAX_LIVE_BYTES;

/// Words of one expansion, at which the interpreter would silently cut: never reached, because
/// [`MAX_WORD_SPLIT_BYTES`] fails before.
pub const MAX_WORD_SPLIT_FIELDS: usize = 2 * MAX_WORD_SPLIT_BYTES;

/// Words of one range in braces, fixed in the interpreter. A script with a longer one is refused;
/// code that it creates while it runs is checked only in part.
pub const MAX_BRACE_WORDS: u64 = 10_000;

/// Words of all groups of one word, fixed in the interpreter. It counts a word once for each group
/// that contributes to it. A script with more is refused, as above.
pub const MAX_BRACE_TOTAL: u64 = 100_000;

/// Bytes of all words of the groups of one word, also fixed in the interpreter.
pub const MAX_BRACE_BYTES: u64 = 10 * 1024 * 1024;

/// Bytes of the result of `${v//PATTERN/TEXT}`, fixed in the interpreter, which returns the value
/// unchanged past it. See [`crate::Shell::run`] for when that is an error.
pub const MAX_REPLACED_BYTES: usize = 10 * 1024 * 1024;

/// Positions at which `${v#PATTERN}` and similar expansions try a pattern with `[...]`, `?` or two
/// `*`, fixed in the interpreter, which ignores the rest. See [`crate::Shell::run`], as above.
pub const MAX_PATTERN_PLACES: usize = 10_000;

/// Bytes of a script in which expansions are that the interpreter may cut: their checks have to be
/// put into it. A larger one is refused.
pub const MAX_CHECKED_BYTES: usize = MIB;

/// Bytes of one script: the interpreter's default, as are its nesting depths (sixteen functions,
/// thirty-two substitutions). Reaching it is an error.
pub const MAX_SCRIPT_BYTES: usize = 10_000_000;

/// Bytes of the standard input of a script. All of it is read before the script starts, because the
/// interpreter needs it as a whole. Reaching it is an error.
pub const MAX_STDIN_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes of a script and its input together, where they are sent to the process that runs the
/// script and its output is returned ([`Streams::Captured`](crate::setup::Streams::Captured)).
/// Reaching it is an error.
pub const MAX_CAPTURED_BYTES: usize = 12 * MIB;

/// Bytes of one file, in memory or in a granted directory, that a command reads or writes: a wide
/// listing of 100 000 sockets. The interpreter's default is 10 MB. Reaching it is an error.
pub const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes of all files in memory. The interpreter's default is 100 MB. Reaching it is an error.
pub const MAX_MEMORY_FILE_BYTES: u64 = 128 * 1024 * 1024;

/// Entries that one command or one pattern lists, in granted directories and in memory. Reaching it
/// ends the script with an error, because the interpreter would cut a pattern.
pub const MAX_LISTED_ENTRIES: usize = 1_000_000;

/// Components of a path, including those of its grant. The interpreter's default is 100, below
/// which `tree` and `**` see nothing. A script that lists a deeper directory ends with an error.
pub const MAX_PATH_DEPTH: usize = 256;

/// Bytes of standard output of one builtin call: two million rows. A pipeline stage that reads all
/// of its input has no limit for it, so the limit is here. Reaching it ends the script with an
/// error.
pub const MAX_CALL_OUTPUT_BYTES: usize = 256 * MIB;

/// Builtin calls that may have a thread at one time: the interpreter's limit for jobs. Calls that
/// did not return after they were cancelled count too. Reaching it is an error.
pub const MAX_BUILTIN_THREADS: usize = 64;

/// Stack of the thread of one builtin call: as large as that of a main thread on Linux.
pub const BUILTIN_STACK_BYTES: usize = 8 * MIB;

/// Stack of the thread that runs a script. The interpreter's depth limits are made for optimised
/// code with 2 MiB; unoptimised code overflows that with sixteen nested substitutions of functions,
/// and an overflow ends the process.
pub const INTERPRETER_STACK_BYTES: usize = 64 * MIB;

/// Additional threads of the runtime, which parse long scripts, with a stack of the same size. A
/// task waits for one of them at a time, so two are enough.
pub const MAX_PARSER_THREADS: usize = 2;

/// Bytes that one script writes into granted directories, unless the host sets another limit.
/// Reaching it ends the script with an error.
///
/// Overwriting counts again, so this limits the wear of a disk as well as its space.
pub const DEFAULT_MAX_WRITE_BYTES: u64 = 1024 * 1024 * 1024;

/// Least bytes counted for creating or writing a file, directory or link: its block on most file
/// systems. So the number of directory entries is limited too.
pub const ENTRY_BYTES: u64 = 4096;

/// Bytes of memory for the process of the interpreter, unless the host sets another limit: enough
/// for one script within the limits above, and the stacks of its threads.
///
/// The interpreter counts memory after it is allocated, and not all of it, so the kernel enforces
/// this limit (`RLIMIT_DATA`). Reaching it ends the process, so it is for hosts with a separate
/// process for the interpreter. `RLIMIT_AS` would include memory that threads reserve and never
/// use.
pub const DEFAULT_MAX_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;

/// The least memory that a host may choose: twice the stack of the interpreter.
pub const LEAST_MAX_MEMORY_BYTES: u64 = 128 * 1024 * 1024;

/// The limits that the host may choose; the others are fixed above.
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
    /// A [`Shell`](crate::Shell) cannot enforce it. The host does, by running it in a process with
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
            // Parsing counts towards the time of a script.
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

/// The limits apply to each script; a shell has none, because a prompt may stay open all day.
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
        // The interpreter cuts the matches of a pattern at this number.
        .max_file_count(u64::try_from(MAX_LISTED_ENTRIES).unwrap_or(u64::MAX))
        .max_path_depth(MAX_PATH_DEPTH)
}
