//! The filter of system calls: a list of allowed calls. Any other call fails with `ENOSYS`.
//!
//! The list contains the calls that `strace -f` showed after confinement in the whole test suite,
//! and those that other versions of the C library use instead on other machines. Everything else is
//! denied without being named (`execve`, `ptrace`, `mount`, `bpf`, `io_uring_*`, `setns`,
//! `unshare`, `process_vm_*`, `keyctl`, `userfaultfd`, `kexec_*`, `init_module`, `perf_event_open`,
//! `connect` ...).
//!
//! Calls that would allow too much are restricted by their arguments:
//!
//! - `clone` creates threads of this process, but no processes and no namespaces. `clone3` is left
//!   out, because a filter cannot see its flags;
//! - `mmap` and `mprotect` give no executable memory. For [`Duty::Resolver`], `mmap` may map files
//!   as executable but not writable, because the C library loads the configured modules that
//!   resolve names;
//! - `socket` opens sock_diag sockets, which reach only the kernel. [`Duty::Resolver`] may open
//!   internet and unix sockets, and rtnetlink sockets, which the C library uses to sort addresses;
//! - `socketpair` opens stream sockets for [`Duty::Terminal`], over which the line editor of the
//!   prompt receives signals;
//! - `setsockopt` and `getsockopt` set and read only the options that are needed: a socket cannot
//!   get a BPF program, and cannot join a multicast group by an option;
//! - `ioctl`, `fcntl`, `prctl`, `sched_getaffinity` and `tgkill` are allowed only for the few
//!   operations that are needed;
//! - `setns` is allowed only for [`Duty::Namespaces`], and enters only network namespaces;
//!   `sendmsg` of that duty sends only over standard input;
//! - `recvmsg` receives only over the sockets of the broker of namespaces and of its successor;
//! - `bind`, which joins the multicast groups of events, is allowed where events were granted, and
//!   for [`Duty::Resolver`].
//!
//! Child processes inherit a filter, and a call has to pass all filters of a process. So the filter
//! of [`Duty::Spawner`] contains the calls of all other duties, and those needed before they
//! confine themselves: it may start processes and programs, but not in new namespaces (`clone`),
//! and may enter only network namespaces (`setns`).
//!
//! Security: a filter sees numbers, not the memory behind a pointer. Only Landlock restricts which
//! paths are opened. On a kernel without Landlock, only the code of the program does.

mod list;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    os::fd::RawFd,
};

use libc::{c_int, c_long};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use self::list::{
    ALWAYS, ALWAYS_OF_MACHINE, CHANGES, DATAGRAM, FCNTLS, FILES, IOCTLS, KIND, NAME_OPTIONS,
    NAME_QUESTIONS, NAMES, NAMES_OF_MACHINE, NAMESPACES, NETLINK, NETLINK_OPTIONS, NO_THREAD,
    PRCTLS, RECEIVED_QUESTIONS, SEARCHES, STARTS, STARTS_OF_MACHINE, STREAM, SocketOption, THREAD,
};
use crate::{
    duty::Duty,
    error::{ConfineError, Repr},
};

/// What a duty needs beyond its usual system calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) sockets: SocketNeeds,
    /// The sockets over which descriptors are received.
    pub(crate) receives: Vec<RawFd>,
    /// Whether a directory was granted for writing.
    pub(crate) writes: bool,
}

/// The use of sock_diag sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SocketNeeds {
    Nothing,
    /// Sockets are listed.
    Listing,
    /// Sockets are listed, and destroy events are received.
    Events,
}

/// Allowed system calls, with rules for their arguments. Without a rule, any arguments are allowed.
pub(crate) type SyscallRules = BTreeMap<c_long, Vec<SeccompRule>>;

/// A condition on one argument, by its number from 0.
type Condition = (u8, SeccompCmpOp, u64);

/// Returns the calls that a process with this duty may make.
pub(crate) fn calls(duty: Duty, needs: &Needs) -> Result<SyscallRules, ConfineError> {
    let mut calls = SyscallRules::new();
    allow(&mut calls, ALWAYS);
    allow(&mut calls, ALWAYS_OF_MACHINE);
    allow(&mut calls, FILES);
    bound(&mut calls)?;
    match duty {
        Duty::Processes => {}
        Duty::Scripts => scripts(&mut calls, needs)?,
        Duty::Terminal => terminal(&mut calls)?,
        Duty::Resolver => resolver(&mut calls)?,
        Duty::Namespaces => namespaces(&mut calls)?,
        Duty::Spawner => spawner(&mut calls)?,
    }
    if needs.writes {
        allow(&mut calls, CHANGES);
    }
    Ok(calls)
}

/// Adds granted directories, and sock_diag where sockets may be listed.
fn scripts(calls: &mut SyscallRules, needs: &Needs) -> Result<(), ConfineError> {
    allow(calls, SEARCHES);
    if needs.sockets == SocketNeeds::Nothing {
        return Ok(());
    }
    allow(calls, NETLINK);
    calls.insert(libc::SYS_setsockopt, options(&NETLINK_OPTIONS)?);
    if needs.sockets == SocketNeeds::Events {
        // Joins the multicast groups of events.
        allow(calls, &[libc::SYS_bind]);
    }
    calls.insert(libc::SYS_socket, vec![sock_diag()?]);
    if !needs.receives.is_empty() {
        let sockets = needs.receives.iter().map(|socket| bits(*socket));
        calls.insert(libc::SYS_recvmsg, one_of(0, sockets)?);
        calls.insert(libc::SYS_getsockopt, options(&RECEIVED_QUESTIONS)?);
    }
    Ok(())
}

/// Adds entering network namespaces, opening a socket there, and sending it to the shell. The
/// process itself can neither send requests over that socket nor receive.
fn namespaces(calls: &mut SyscallRules) -> Result<(), ConfineError> {
    let of_network = bits(libc::CLONE_NEWNET);
    calls.insert(libc::SYS_setns, one_of(1, [of_network])?);
    calls.insert(libc::SYS_socket, vec![sock_diag()?]);
    calls.insert(libc::SYS_sendmsg, one_of(0, [bits(libc::STDIN_FILENO)])?);
    Ok(())
}

fn sock_diag() -> Result<SeccompRule, ConfineError> {
    rule([is(0, bits(libc::AF_NETLINK)), is(2, bits(libc::NETLINK_SOCK_DIAG))])
}

/// Adds the stream sockets over which the line editor of the prompt receives signals.
fn terminal(calls: &mut SyscallRules) -> Result<(), ConfineError> {
    let pair = [is(0, bits(libc::AF_UNIX)), (1, SeccompCmpOp::MaskedEq(KIND), STREAM)];
    calls.insert(libc::SYS_socketpair, vec![rule(pair)?]);
    Ok(())
}

/// Adds the calls that the C library needs to look up names. Raw sockets and listening are
/// excluded.
fn resolver(calls: &mut SyscallRules) -> Result<(), ConfineError> {
    allow(calls, NETLINK);
    allow(calls, NAMES);
    calls.insert(libc::SYS_setsockopt, options(&NAME_OPTIONS)?);
    calls.insert(libc::SYS_getsockopt, options(&NAME_QUESTIONS)?);
    allow(calls, NAMES_OF_MACHINE);
    let kind = |kind| (1, SeccompCmpOp::MaskedEq(KIND), kind);
    let mut sockets =
        vec![rule([is(0, bits(libc::AF_NETLINK)), is(2, bits(libc::NETLINK_ROUTE))])?];
    for family in [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX] {
        for of_kind in [STREAM, DATAGRAM] {
            sockets.push(rule([is(0, bits(family)), kind(of_kind)])?);
        }
    }
    calls.insert(libc::SYS_socket, sockets);
    let of_a_file = (3, SeccompCmpOp::MaskedEq(bits(libc::MAP_ANONYMOUS)), 0);
    let not_written = (2, SeccompCmpOp::MaskedEq(bits(libc::PROT_WRITE)), 0);
    let not_executable = (2, SeccompCmpOp::MaskedEq(bits(libc::PROT_EXEC)), 0);
    calls.insert(libc::SYS_mmap, vec![rule([not_executable])?, rule([of_a_file, not_written])?]);
    Ok(())
}

/// Adds the calls of all other duties, and those needed to start them.
fn spawner(own: &mut SyscallRules) -> Result<(), ConfineError> {
    let everything = Needs { sockets: SocketNeeds::Events, receives: Vec::new(), writes: true };
    for duty in Duty::ALL.into_iter().filter(|duty| *duty != Duty::Spawner) {
        for (call, rules) in calls(duty, &everything)? {
            match own.entry(call) {
                Entry::Vacant(entry) => drop(entry.insert(rules)),
                // No rule: any arguments are allowed.
                Entry::Occupied(mut entry) if rules.is_empty() => entry.get_mut().clear(),
                Entry::Occupied(mut entry) if !entry.get().is_empty() => {
                    let more = rules.into_iter().filter(|rule| !entry.get().contains(rule));
                    let more: Vec<_> = more.collect();
                    entry.get_mut().extend(more);
                }
                Entry::Occupied(_) => {}
            }
        }
    }
    allow(own, STARTS);
    allow(own, STARTS_OF_MACHINE);
    let no_namespace = (0, SeccompCmpOp::MaskedEq(bits(NAMESPACES)), 0);
    own.insert(libc::SYS_clone, vec![rule([no_namespace])?]);
    own.insert(libc::SYS_prctl, one_of(0, PRCTLS.map(bits))?);
    // Only the limits of the process itself.
    own.insert(libc::SYS_prlimit64, one_of(0, [0])?);
    Ok(())
}

/// Installs the filter for all threads.
pub(crate) fn install(calls: SyscallRules) -> Result<(), ConfineError> {
    Ok(seccompiler::apply_filter_all_threads(&program(calls)?).map_err(Repr::Install)?)
}

/// Compiles the filter for the target architecture.
fn program(calls: SyscallRules) -> Result<BpfProgram, ConfineError> {
    let nothing = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    let machine = TargetArch::try_from(std::env::consts::ARCH).map_err(Repr::Filter)?;
    let program = SeccompFilter::new(calls, nothing, SeccompAction::Allow, machine)
        .and_then(BpfProgram::try_from)
        .map_err(Repr::Filter)?;
    Ok(program)
}

fn allow(calls: &mut SyscallRules, numbers: &[c_long]) {
    calls.extend(numbers.iter().map(|&number| (number, Vec::new())));
}

/// Adds the calls whose arguments are restricted.
fn bound(calls: &mut SyscallRules) -> Result<(), ConfineError> {
    let thread = (0, SeccompCmpOp::MaskedEq(bits(THREAD | NO_THREAD)), bits(THREAD));
    calls.insert(libc::SYS_clone, vec![rule([thread])?]);
    let not_executable = (2, SeccompCmpOp::MaskedEq(bits(libc::PROT_EXEC)), 0);
    calls.insert(libc::SYS_mmap, vec![rule([not_executable.clone()])?]);
    calls.insert(libc::SYS_mprotect, vec![rule([not_executable])?]);
    calls.insert(libc::SYS_ioctl, one_of(1, IOCTLS)?);
    calls.insert(libc::SYS_fcntl, one_of(1, FCNTLS.map(bits))?);
    // For another process it would reveal whether it exists.
    calls.insert(libc::SYS_sched_getaffinity, one_of(0, [0])?);
    calls.insert(libc::SYS_prctl, one_of(0, [bits(libc::PR_SET_NAME)])?);
    // `abort`, as after a stack overflow, sends a signal to its own process.
    calls.insert(libc::SYS_tgkill, one_of(0, [u64::from(std::process::id())])?);
    Ok(())
}

/// Returns a rule for each option. The second argument is its level, the third its number.
fn options(options: &[SocketOption]) -> Result<Vec<SeccompRule>, ConfineError> {
    let rules = options.iter().map(|(level, name)| rule([is(1, bits(*level)), is(2, bits(*name))]));
    rules.collect()
}

/// Returns a rule for each allowed value of an argument.
fn one_of(
    argument: u8,
    values: impl IntoIterator<Item = u64>,
) -> Result<Vec<SeccompRule>, ConfineError> {
    values.into_iter().map(|value| rule([is(argument, value)])).collect()
}

/// Returns a rule that requires all these conditions.
fn rule(conditions: impl IntoIterator<Item = Condition>) -> Result<SeccompRule, ConfineError> {
    conditions
        .into_iter()
        // Kernel: all of these arguments are `int`, or only their low 32 bits are used.
        .map(|(argument, comparison, value)| {
            SeccompCondition::new(argument, SeccompCmpArgLen::Dword, comparison, value)
        })
        .collect::<Result<_, _>>()
        .and_then(SeccompRule::new)
        .map_err(|error| Repr::Filter(error).into())
}

fn is(argument: u8, value: u64) -> Condition {
    (argument, SeccompCmpOp::Eq, value)
}

fn bits(flags: c_int) -> u64 {
    u64::from(flags.cast_unsigned())
}

#[cfg(test)]
mod tests;
