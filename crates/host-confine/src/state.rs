//! What the kernel reports about this process: its threads, and its confinement.
//!
//! Kernel: `self/status` has lines `Name:\tvalue` (`proc_pid_status`): `Threads` is a count,
//! `NoNewPrivs` 0 or 1, `Seccomp` 2 with filters (`seccomp(2)`), and 0 or missing without.

use std::{
    fmt,
    fs::File,
    io::{Read as _, Seek as _},
    thread,
    time::{Duration, Instant},
};

use procnetsocket::{ProcFile, ProcRoot};

use crate::error::{ConfineError, Repr};

/// Bytes that are read of the file, which has about a tenth of that.
const MAX_STATUS_BYTES: u64 = 16 * 1024;

/// The longest wait for a joined thread to exit. It takes a tenth of a millisecond, and far longer
/// on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// The mode of a process with filters (`SECCOMP_MODE_FILTER`).
const FILTERED: u64 = 2;

/// What the filter of system calls does for a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seccomp {
    /// It is in force, and allows this number of calls.
    InForce {
        /// Number of allowed system calls.
        system_calls: usize,
    },
    /// The kernel lacks it.
    Missing,
}

impl fmt::Display for Seccomp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InForce { system_calls } => {
                write!(f, "in force, {system_calls} system calls are allowed")
            }
            Self::Missing => write!(f, "NOT IN FORCE, this kernel does not have it"),
        }
    }
}

/// `self/status`, opened before confinement denies it, and read before and after.
pub(crate) struct Witness(File);

/// The parsed content of that file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConfinementState {
    pub(crate) threads: u64,
    /// 1 when it is set.
    pub(crate) no_new_privs: u64,
    /// The mode; `None` when the kernel has no seccomp.
    pub(crate) seccomp: Option<u64>,
}

impl Witness {
    pub(crate) fn open(proc: &ProcRoot) -> Result<Self, ConfineError> {
        Ok(Self(proc.process().open(ProcFile::Status).map_err(Repr::Proc)?))
    }

    /// Reads the state once the process has one thread, or when a wait for that timed out.
    ///
    /// Kernel: a thread is counted until its exit is complete, but can be joined a little before
    /// (`exit_mm` clears the word that `pthread_join` waits for). A thread that entered another
    /// namespace has just ended when this is called.
    pub(crate) fn look_alone(&mut self) -> Result<ConfinementState, ConfineError> {
        let begin = Instant::now();
        loop {
            let state = self.look()?;
            if state.threads == 1 || begin.elapsed() >= PATIENCE {
                return Ok(state);
            }
            thread::yield_now();
        }
    }

    pub(crate) fn look(&mut self) -> Result<ConfinementState, ConfineError> {
        let mut text = Vec::new();
        self.0
            .rewind()
            .and_then(|()| (&self.0).take(MAX_STATUS_BYTES).read_to_end(&mut text))
            .map_err(Repr::Read)?;
        parse_state(&text)
    }
}

/// Reads the relevant lines; a kernel without seccomp has no line for it.
fn parse_state(text: &[u8]) -> Result<ConfinementState, ConfineError> {
    Ok(ConfinementState {
        threads: field(text, "Threads").ok_or(Repr::Field("Threads"))?,
        no_new_privs: field(text, "NoNewPrivs").ok_or(Repr::Field("NoNewPrivs"))?,
        seccomp: field(text, "Seccomp"),
    })
}

fn field(text: &[u8], name: &str) -> Option<u64> {
    let line = text.split(|&byte| byte == b'\n').find_map(|line| {
        line.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b":"))
    })?;
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

impl ConfinementState {
    /// Checks that the kernel reports what was requested.
    pub(crate) fn expect_in_force(&self, seccomp: Seccomp) -> Result<(), ConfineError> {
        let filtered = match seccomp {
            Seccomp::InForce { .. } => FILTERED,
            Seccomp::Missing => 0,
        };
        let checks = [
            ("Threads", 1, self.threads),
            ("NoNewPrivs", 1, self.no_new_privs),
            ("Seccomp", filtered, self.seccomp.unwrap_or(0)),
        ];
        match checks.into_iter().find(|(_, expected, found)| expected != found) {
            Some((field, expected, found)) => {
                Err(Repr::NotInForce { field, expected, found }.into())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NAME: &str = "Name:\tThreads:\\nSeccomp:\t2\n";

    #[rstest]
    #[case::usual("Threads:\t1\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n", (1, 1, Some(2)))]
    #[case::nothing("Threads:\t12\nNoNewPrivs:\t0\nSeccomp:\t0\n", (12, 0, Some(0)))]
    #[case::without_seccomp("Threads:\t1\nNoNewPrivs:\t0\n", (1, 0, None))]
    fn reads_the_state(
        #[case] text: &str,
        #[case] (threads, no_new_privs, seccomp): (u64, u64, Option<u64>),
    ) {
        let state = parse_state(format!("{NAME}{text}").as_bytes()).unwrap();
        assert_eq!(state, ConfinementState { threads, no_new_privs, seccomp });
    }

    #[rstest]
    #[case::no_threads("NoNewPrivs:\t0\n", "Threads")]
    #[case::no_privileges("Threads:\t1\n", "NoNewPrivs")]
    #[case::word("Threads:\tone\nNoNewPrivs:\t0\n", "Threads")]
    #[case::not_text("Threads:\t1\nNoNewPrivs:\t\u{fffd}\n", "NoNewPrivs")]
    fn refuses(#[case] text: &str, #[case] field: &str) {
        let expected =
            format!("expected {field} in the state of this process, but found no number there");
        assert_eq!(parse_state(text.as_bytes()).unwrap_err().to_string(), expected);
    }

    #[rstest]
    #[case::thread((2, 1, Some(2)), "expected Threads to be 1, but found 2")]
    #[case::privileges((1, 0, Some(2)), "expected NoNewPrivs to be 1, but found 0")]
    #[case::no_filter((1, 1, Some(0)), "expected Seccomp to be 2, but found 0")]
    #[case::no_seccomp((1, 1, None), "expected Seccomp to be 2, but found 0")]
    fn missing_confinement_is_an_error(
        #[case] (threads, no_new_privs, seccomp): (u64, u64, Option<u64>),
        #[case] message: &str,
    ) {
        let state = ConfinementState { threads, no_new_privs, seccomp };
        let error = state.expect_in_force(Seccomp::InForce { system_calls: 9 }).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
