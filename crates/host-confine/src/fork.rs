//! Forks this process.
//!
//! A confined process may not start programs, so other processes have to be started before. A
//! forked process inherits all handles, so it does not have to open anything again.

use std::io;

use procnetsocket::ProcRoot;
use rustix::process::Pid;

use crate::{
    error::{ConfineError, Repr},
    state::Witness,
};

/// Which of the two processes this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forked {
    /// The original process, with the id of the new one.
    Parent(Pid),
    /// The new process.
    Child,
}

/// Copies this process, which has to have one thread.
///
/// `proc` is the `/proc` of this process, opened by it and not by its parent.
///
/// # Errors
///
/// [`Threads`](crate::ConfineErrorKind::Threads) when there is a second thread: it would be missing
/// in the copy, and its locks would stay locked. [`State`](crate::ConfineErrorKind::State) when the
/// kernel does not report the threads or refuses the process.
#[expect(clippy::disallowed_methods, reason = "the one fork, for processes of the program itself")]
pub fn fork(proc: &ProcRoot) -> Result<Forked, ConfineError> {
    let threads = Witness::open(proc)?.look_alone()?.threads;
    if threads != 1 {
        return Err(Repr::ForkThreads(threads).into());
    }
    match ::fork::fork().map_err(Repr::Fork)? {
        ::fork::Fork::Child => Ok(Forked::Child),
        ::fork::Fork::Parent(pid) => match Pid::from_raw(pid) {
            Some(pid) => Ok(Forked::Parent(pid)),
            None => Err(Repr::Fork(io::ErrorKind::InvalidData.into()).into()),
        },
    }
}
