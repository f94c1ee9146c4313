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

use std::{
    collections::{BTreeMap, btree_map::Entry},
    os::fd::RawFd,
};

use libc::{c_int, c_long};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
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

/// Memory, threads, time, signals of the process itself, and open descriptors.
const ALWAYS: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_futex,
    // Libraries call these and expect them not to fail.
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_write,
    libc::SYS_writev,
];

/// Older equivalents, which exist only on some architectures.
#[cfg(target_arch = "x86_64")]
const ALWAYS_OF_MACHINE: &[c_long] = &[libc::SYS_epoll_wait, libc::SYS_poll];
#[cfg(not(target_arch = "x86_64"))]
const ALWAYS_OF_MACHINE: &[c_long] = &[];

/// Looking files up and reading them.
const FILES: &[c_long] = &[
    libc::SYS_getdents64,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_readlinkat,
    libc::SYS_statx,
];

/// Checking whether a directory may be searched: cap-std does this for `.` and `..` where there is
/// no `openat2`. Landlock restricts neither this nor lookups.
const SEARCHES: &[c_long] = &[libc::SYS_faccessat, libc::SYS_faccessat2];

/// Sending requests over a netlink socket, and receiving answers.
const NETLINK: &[c_long] = &[libc::SYS_getsockname, libc::SYS_recvfrom, libc::SYS_sendto];

/// A socket option: its level and its number. Kernel: `asm-generic/socket.h`.
type SocketOption = (c_int, c_int);

/// Options of a netlink socket: the receive timeout (two numbers, for times of 32 and 64 bits), and
/// the size of the receive buffer, for events.
const NETLINK_OPTIONS: [SocketOption; 3] = [
    (libc::SOL_SOCKET, libc::SO_RCVTIMEO),
    (libc::SOL_SOCKET, SO_RCVTIMEO_NEW),
    (libc::SOL_SOCKET, libc::SO_RCVBUF),
];

/// Options that the C library and its modules set to look up names: reports of datagram errors
/// (`res_send`), and options of the clients of daemons (`nscd`, `libnss-resolve`,
/// `libnss-myhostname`).
const NAME_OPTIONS: [SocketOption; 19] = [
    (libc::SOL_SOCKET, libc::SO_RCVTIMEO),
    (libc::SOL_SOCKET, SO_RCVTIMEO_NEW),
    (libc::SOL_SOCKET, libc::SO_SNDTIMEO),
    (libc::SOL_SOCKET, SO_SNDTIMEO_NEW),
    (libc::SOL_SOCKET, libc::SO_RCVBUF),
    (libc::SOL_SOCKET, libc::SO_SNDBUF),
    (libc::SOL_SOCKET, libc::SO_RCVBUFFORCE),
    (libc::SOL_SOCKET, libc::SO_SNDBUFFORCE),
    (libc::SOL_SOCKET, libc::SO_PASSCRED),
    (libc::SOL_SOCKET, libc::SO_KEEPALIVE),
    (libc::IPPROTO_IP, libc::IP_RECVERR),
    (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER),
    (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
    (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER),
    (libc::IPPROTO_TCP, libc::TCP_NODELAY),
    (libc::SOL_NETLINK, libc::NETLINK_PKTINFO),
    (libc::SOL_NETLINK, libc::NETLINK_EXT_ACK),
    (libc::SOL_NETLINK, libc::NETLINK_GET_STRICT_CHK),
    (libc::SOL_NETLINK, libc::NETLINK_NO_ENOBUFS),
];

/// Options that the C library and its modules read: the error of a connection, its type, and its
/// peer.
const NAME_QUESTIONS: [SocketOption; 9] = [
    (libc::SOL_SOCKET, libc::SO_ERROR),
    (libc::SOL_SOCKET, libc::SO_TYPE),
    (libc::SOL_SOCKET, libc::SO_DOMAIN),
    (libc::SOL_SOCKET, libc::SO_PROTOCOL),
    (libc::SOL_SOCKET, libc::SO_RCVBUF),
    (libc::SOL_SOCKET, libc::SO_SNDBUF),
    (libc::SOL_SOCKET, libc::SO_PEERCRED),
    (libc::SOL_SOCKET, libc::SO_PEERSEC),
    (libc::SOL_SOCKET, SO_PEERGROUPS),
];

/// Options that are read to check the type of a socket that a broker sent.
const RECEIVED_QUESTIONS: [SocketOption; 2] =
    [(libc::SOL_SOCKET, libc::SO_DOMAIN), (libc::SOL_SOCKET, libc::SO_PROTOCOL)];

/// Kernel: `asm-generic/socket.h`; the `libc` crate lacks these.
const SO_PEERGROUPS: c_int = 59;
const SO_RCVTIMEO_NEW: c_int = 66;
const SO_SNDTIMEO_NEW: c_int = 67;

/// Communicating with name servers and with daemons that cache names.
const NAMES: &[c_long] = &[
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_getpeername,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendmsg,
    libc::SYS_shutdown,
    // The name of this machine.
    libc::SYS_uname,
];

/// Older equivalents, which some C libraries use.
#[cfg(target_arch = "x86_64")]
const NAMES_OF_MACHINE: &[c_long] =
    &[libc::SYS_access, libc::SYS_lstat, libc::SYS_open, libc::SYS_readlink, libc::SYS_stat];
#[cfg(not(target_arch = "x86_64"))]
const NAMES_OF_MACHINE: &[c_long] = &[];

/// Changing files, where a directory was granted for writing.
const CHANGES: &[c_long] = &[
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_ftruncate,
    libc::SYS_mkdirat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_symlinkat,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
];

/// Starting processes and brokers, and the calls that these make before they confine themselves.
/// [`spawner`] adds those whose arguments are restricted.
const STARTS: &[c_long] = &[
    libc::SYS_capget,
    libc::SYS_capset,
    libc::SYS_chdir,
    libc::SYS_dup3,
    libc::SYS_execve,
    libc::SYS_kill,
    libc::SYS_landlock_add_rule,
    libc::SYS_landlock_create_ruleset,
    libc::SYS_landlock_restrict_self,
    libc::SYS_mprotect,
    libc::SYS_mmap,
    libc::SYS_pipe2,
    libc::SYS_seccomp,
    libc::SYS_set_tid_address,
    libc::SYS_setpgid,
    libc::SYS_statfs,
    // Restricted in each process by its own filter, because the process id differs.
    libc::SYS_tgkill,
    libc::SYS_wait4,
    libc::SYS_waitid,
];

/// Older equivalents, which some C libraries use, and calls at the start of a program on this
/// architecture.
#[cfg(target_arch = "x86_64")]
const STARTS_OF_MACHINE: &[c_long] =
    &[libc::SYS_arch_prctl, libc::SYS_dup2, libc::SYS_fork, libc::SYS_pipe, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const STARTS_OF_MACHINE: &[c_long] = &[];

/// Flags of `clone` that are denied even to a process that may start others.
const NAMESPACES: c_int = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

/// Operations of `prctl` for the spawner and its children: the name, the signal at the death of the
/// parent, confinement, and the bounding set of capabilities.
const PRCTLS: [c_int; 6] = [
    libc::PR_SET_NAME,
    libc::PR_SET_PDEATHSIG,
    libc::PR_SET_NO_NEW_PRIVS,
    libc::PR_SET_SECCOMP,
    libc::PR_CAPBSET_READ,
    libc::PR_CAPBSET_DROP,
];

/// Flags of `clone` that are required: those of a thread.
const THREAD: c_int = libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD;

/// Flags of `clone` that are denied. The lowest byte is the exit signal, which a thread does not
/// have.
const NO_THREAD: c_int = 0xff
    | NAMESPACES
    | libc::CLONE_PARENT
    | libc::CLONE_PTRACE
    | libc::CLONE_UNTRACED
    | libc::CLONE_VFORK
    | libc::CLONE_PIDFD;

/// Reading and setting the mode of a terminal, but not `TIOCSTI`, which inserts input; and the name
/// and index of a network interface. Kernel: `asm-generic/ioctls.h`, `linux/sockios.h`.
const IOCTLS: [u64; 9] = [
    0x5401, // TCGETS
    0x5402, // TCSETS
    0x5403, // TCSETSW
    0x5404, // TCSETSF
    0x5413, // TIOCGWINSZ
    0x541b, // FIONREAD
    0x5421, // FIONBIO
    0x8910, // SIOCGIFNAME
    0x8933, // SIOCGIFINDEX
];

const FCNTLS: [c_int; 5] =
    [libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL];

/// The mask of the socket type among its flags (kernel: `SOCK_TYPE_MASK`), `SOCK_STREAM` and
/// `SOCK_DGRAM`.
const KIND: u64 = 0xf;
const STREAM: u64 = 1;
const DATAGRAM: u64 = 2;

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
mod tests {
    use rstest::rstest;

    use super::*;

    /// The duties that start no other process.
    const CONFINED: [Duty; 5] =
        [Duty::Scripts, Duty::Terminal, Duty::Processes, Duty::Namespaces, Duty::Resolver];

    fn everything() -> Needs {
        Needs { sockets: SocketNeeds::Events, receives: vec![9, 10], writes: true }
    }

    #[rstest]
    #[case::typing_for_the_user(libc::TIOCSTI)]
    #[case::another_terminal(libc::TIOCSCTTY)]
    #[case::line_discipline(libc::TIOCSETD)]
    #[case::console(libc::TIOCLINUX)]
    #[case::owner_of_signals(libc::FIOASYNC)]
    fn ioctls_that_act_for_the_user_are_denied(#[case] request: libc::Ioctl) {
        assert!(!IOCTLS.contains(&request));
    }

    #[rstest]
    #[case::programs(&[libc::SYS_execve, libc::SYS_execveat, libc::SYS_clone3])]
    #[case::processes(&[libc::SYS_ptrace, libc::SYS_process_vm_readv, libc::SYS_process_vm_writev, libc::SYS_pidfd_open, libc::SYS_pidfd_getfd, libc::SYS_kill, libc::SYS_tkill])]
    #[case::listening(&[libc::SYS_listen, libc::SYS_accept, libc::SYS_accept4])]
    #[case::mounts(&[libc::SYS_mount, libc::SYS_umount2, libc::SYS_move_mount, libc::SYS_open_tree, libc::SYS_fsopen, libc::SYS_pivot_root, libc::SYS_chroot])]
    #[case::namespaces(&[libc::SYS_unshare])]
    #[case::kernel(&[libc::SYS_bpf, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_userfaultfd, libc::SYS_kexec_load, libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module, libc::SYS_perf_event_open, libc::SYS_reboot, libc::SYS_syslog])]
    #[case::handles(&[libc::SYS_open_by_handle_at, libc::SYS_name_to_handle_at, libc::SYS_memfd_create])]
    #[case::identity(&[libc::SYS_setuid, libc::SYS_setgid, libc::SYS_setgroups, libc::SYS_capset, libc::SYS_personality])]
    #[case::devices(&[libc::SYS_mknodat, libc::SYS_linkat, libc::SYS_fchownat, libc::SYS_setxattr])]
    fn dangerous_calls_are_denied_to_every_duty(#[case] dangerous: &[c_long]) {
        for duty in CONFINED {
            let calls = calls(duty, &everything()).unwrap();
            for call in dangerous {
                assert!(!calls.contains_key(call), "{duty:?}: {call}");
            }
        }
    }

    #[rstest]
    #[case::clone(libc::SYS_clone)]
    #[case::mmap(libc::SYS_mmap)]
    #[case::mprotect(libc::SYS_mprotect)]
    #[case::socket(libc::SYS_socket)]
    #[case::setsockopt(libc::SYS_setsockopt)]
    #[case::getsockopt(libc::SYS_getsockopt)]
    #[case::ioctl(libc::SYS_ioctl)]
    #[case::fcntl(libc::SYS_fcntl)]
    #[case::prctl(libc::SYS_prctl)]
    #[case::sched_getaffinity(libc::SYS_sched_getaffinity)]
    #[case::tgkill(libc::SYS_tgkill)]
    #[case::setns(libc::SYS_setns)]
    fn arguments_of_powerful_calls_are_restricted(#[case] call: c_long) {
        for duty in CONFINED {
            let calls = calls(duty, &everything()).unwrap();
            assert!(calls.get(&call).is_none_or(|rules| !rules.is_empty()), "{duty:?}");
        }
    }

    #[rstest]
    #[case::connect(libc::SYS_connect, &[])]
    #[case::send_many(libc::SYS_sendmmsg, &[])]
    #[case::receive_many(libc::SYS_recvmmsg, &[])]
    #[case::enter(libc::SYS_setns, &[Duty::Namespaces])]
    #[case::send_descriptors(libc::SYS_sendmsg, &[Duty::Namespaces])]
    #[case::receive_descriptors(libc::SYS_recvmsg, &[Duty::Scripts])]
    fn calls_of_a_broker_are_denied_to_other_duties(
        #[case] call: c_long,
        #[case] expected: &[Duty],
    ) {
        let others = CONFINED.into_iter().filter(|duty| *duty != Duty::Resolver);
        let found: Vec<_> = others
            .filter(|duty| calls(*duty, &everything()).unwrap().contains_key(&call))
            .collect();
        assert_eq!(found, expected);
    }

    #[rstest]
    #[case::processes(&[libc::SYS_ptrace, libc::SYS_process_vm_readv, libc::SYS_process_vm_writev, libc::SYS_pidfd_open, libc::SYS_pidfd_getfd, libc::SYS_tkill, libc::SYS_execveat])]
    #[case::listening(&[libc::SYS_listen, libc::SYS_accept, libc::SYS_accept4])]
    #[case::mounts(&[libc::SYS_mount, libc::SYS_umount2, libc::SYS_move_mount, libc::SYS_open_tree, libc::SYS_fsopen, libc::SYS_pivot_root, libc::SYS_chroot, libc::SYS_unshare])]
    #[case::kernel(&[libc::SYS_bpf, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_userfaultfd, libc::SYS_kexec_load, libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module, libc::SYS_perf_event_open, libc::SYS_reboot, libc::SYS_syslog])]
    #[case::handles(&[libc::SYS_open_by_handle_at, libc::SYS_name_to_handle_at, libc::SYS_memfd_create])]
    #[case::identity(&[libc::SYS_setuid, libc::SYS_setgid, libc::SYS_setgroups, libc::SYS_personality])]
    #[case::devices(&[libc::SYS_mknodat, libc::SYS_linkat, libc::SYS_fchownat, libc::SYS_setxattr])]
    fn dangerous_calls_are_denied_to_the_spawner(#[case] dangerous: &[c_long]) {
        let calls = calls(Duty::Spawner, &everything()).unwrap();
        for call in dangerous {
            assert!(!calls.contains_key(call), "{call}");
        }
    }

    /// A process inherits the filter of the spawner, which must not deny what the duty needs.
    #[test]
    fn spawner_allows_calls_of_every_duty() {
        let spawner = calls(Duty::Spawner, &everything()).unwrap();
        for duty in CONFINED {
            for (call, rules) in calls(duty, &everything()).unwrap() {
                let left = spawner.get(&call).unwrap_or_else(|| panic!("{duty:?}: {call}"));
                // The rule for processes includes the one for threads.
                let is_left = left.is_empty() || call == libc::SYS_clone;
                assert!(
                    is_left || rules.iter().all(|rule| left.contains(rule)),
                    "{duty:?}: {call}"
                );
            }
        }
    }

    #[rstest]
    #[case::process(libc::SYS_clone, [bits(libc::SIGCHLD), 0, 0, 0, 0, 0], true)]
    #[case::thread(libc::SYS_clone, [bits(THREAD), 0, 0, 0, 0, 0], true)]
    #[case::user_namespace(libc::SYS_clone, [bits(libc::SIGCHLD | libc::CLONE_NEWUSER), 0, 0, 0, 0, 0], false)]
    #[case::network(libc::SYS_setns, [3, bits(libc::CLONE_NEWNET), 0, 0, 0, 0], true)]
    #[case::mounts(libc::SYS_setns, [3, bits(libc::CLONE_NEWNS), 0, 0, 0, 0], false)]
    #[case::any_namespace(libc::SYS_setns, [3, 0, 0, 0, 0, 0], false)]
    #[case::own_limit(libc::SYS_prlimit64, [0, 2, 0, 0, 0, 0], true)]
    #[case::limit_of_another(libc::SYS_prlimit64, [1, 2, 0, 0, 0, 0], false)]
    #[case::dumpable(libc::SYS_prctl, [4, 1, 0, 0, 0, 0], false)]
    #[case::packets(libc::SYS_socket, [17, 3, 3, 0, 0, 0], false)]
    fn program_of_spawner_restricts_arguments(
        #[case] call: c_long,
        #[case] arguments: [u64; 6],
        #[case] is_allowed: bool,
    ) {
        let program = program(calls(Duty::Spawner, &everything()).unwrap()).unwrap();
        let expected = if is_allowed { ALLOWED } else { NO_SUCH_CALL };
        assert_eq!(answer(&program, MACHINE, call, arguments), expected);
    }

    /// The document lists how many calls each duty has.
    #[cfg(target_arch = "x86_64")]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test reads a file of the workspace")]
    fn numbers_of_calls_match_document() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security-model.md");
        let document = std::fs::read_to_string(path).unwrap();
        let nothing = Needs { sockets: SocketNeeds::Nothing, receives: Vec::new(), writes: false };
        let sockets = Needs { sockets: SocketNeeds::Listing, ..nothing.clone() };
        let events = Needs { sockets: SocketNeeds::Events, ..nothing.clone() };
        let writes = Needs { writes: true, ..events.clone() };
        let rows = [
            ("scripts, without sockets", Duty::Scripts, nothing.clone()),
            ("scripts, with the grant `sockets`", Duty::Scripts, sockets),
            ("the same with the grant `events`", Duty::Scripts, events),
            ("the same with a directory to write", Duty::Scripts, writes),
            ("the same with every network namespace", Duty::Scripts, everything()),
            ("the terminal", Duty::Terminal, nothing.clone()),
            ("the broker of processes", Duty::Processes, nothing.clone()),
            ("the broker of network namespaces", Duty::Namespaces, nothing.clone()),
            ("the broker of host names", Duty::Resolver, nothing.clone()),
            ("the spawner", Duty::Spawner, nothing.clone()),
        ];
        for (name, duty, needs) in rows {
            let row = format!("| {name} | {} |\n", calls(duty, &needs).unwrap().len());
            assert!(document.contains(&row), "expected in docs/security-model.md: {row}");
        }
    }

    #[test]
    fn shell_without_broker_of_namespaces_receives_no_descriptors() {
        let needs = Needs { receives: Vec::new(), ..everything() };
        assert!(!calls(Duty::Scripts, &needs).unwrap().contains_key(&libc::SYS_recvmsg));
    }

    #[test]
    fn broker_of_namespaces_cannot_use_its_sockets() {
        let calls = calls(Duty::Namespaces, &everything()).unwrap();
        assert!(NETLINK.iter().all(|call| !calls.contains_key(call)));
    }

    #[test]
    fn files_are_changed_only_with_write_access() {
        let calls = calls(Duty::Scripts, &Needs { writes: false, ..everything() }).unwrap();
        assert!(CHANGES.iter().all(|call| !calls.contains_key(call)));
    }

    #[test]
    fn event_groups_are_joined_only_with_events_granted() {
        let may_bind = |sockets| {
            let calls = calls(Duty::Scripts, &Needs { sockets, ..everything() }).unwrap();
            calls.contains_key(&libc::SYS_bind)
        };
        assert!(may_bind(SocketNeeds::Events) && !may_bind(SocketNeeds::Listing));
    }

    #[test]
    fn process_broker_and_terminal_need_no_socket() {
        for duty in [Duty::Processes, Duty::Terminal] {
            let calls = calls(duty, &everything()).unwrap();
            assert!(NETLINK.iter().chain(SOCKETS).all(|call| !calls.contains_key(call)));
        }
    }

    /// Opening and setting up a socket.
    const SOCKETS: &[c_long] =
        &[libc::SYS_socket, libc::SYS_setsockopt, libc::SYS_getsockopt, libc::SYS_bind];

    #[test]
    fn shell_without_sockets_opens_none() {
        let calls =
            calls(Duty::Scripts, &Needs { sockets: SocketNeeds::Nothing, ..everything() }).unwrap();
        assert!(NETLINK.iter().chain(SOCKETS).all(|call| !calls.contains_key(call)));
    }

    #[rstest]
    #[case::filter(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER)]
    #[case::filter_program(libc::SOL_SOCKET, libc::SO_ATTACH_BPF)]
    #[case::mark(libc::SOL_SOCKET, libc::SO_MARK)]
    #[case::device(libc::SOL_SOCKET, libc::SO_BINDTODEVICE)]
    #[case::group(libc::SOL_NETLINK, libc::NETLINK_ADD_MEMBERSHIP)]
    #[case::every_namespace(libc::SOL_NETLINK, libc::NETLINK_LISTEN_ALL_NSID)]
    #[case::repair(libc::IPPROTO_TCP, libc::TCP_REPAIR)]
    #[case::upper_layer(libc::IPPROTO_TCP, libc::TCP_ULP)]
    #[case::netfilter(libc::IPPROTO_IP, 64)]
    fn dangerous_socket_options_are_denied(#[case] level: c_int, #[case] name: c_int) {
        assert!(!NETLINK_OPTIONS.iter().chain(&NAME_OPTIONS).any(|it| *it == (level, name)));
    }

    // An interpreter of filter programs, in place of the kernel's.

    /// Kernel: `AUDIT_ARCH_X86_64`, `AUDIT_ARCH_AARCH64` (`linux/audit.h`).
    const MACHINE: u32 = if cfg!(target_arch = "x86_64") { 0xc000_003e } else { 0xc000_00b7 };
    const OTHER_MACHINE: u32 = if cfg!(target_arch = "x86_64") { 0xc000_00b7 } else { 0xc000_003e };
    const ALLOWED: u32 = 0x7fff_0000;
    const KILLED: u32 = 0x8000_0000;
    const NO_SUCH_CALL: u32 = 0x0005_0000 | libc::ENOSYS.cast_unsigned();

    /// Returns the action of a program for a call. Kernel: `struct seccomp_data`, all little-endian
    /// here.
    fn answer(program: &BpfProgram, machine: u32, call: c_long, arguments: [u64; 6]) -> u32 {
        let mut data = Vec::new();
        data.extend(u32::try_from(call).unwrap().to_le_bytes());
        data.extend(machine.to_le_bytes());
        data.extend([0; 8]);
        data.extend(arguments.iter().flat_map(|argument| argument.to_le_bytes()));
        let (mut at, mut accumulator) = (0, 0_u32);
        loop {
            let step = &program[at];
            let jump = |is_true| usize::from(if is_true { step.jt } else { step.jf });
            at += 1;
            match step.code {
                // BPF_LD | BPF_W | BPF_ABS
                0x20 => {
                    let from = usize::try_from(step.k).unwrap();
                    accumulator = u32::from_le_bytes(data[from..from + 4].try_into().unwrap());
                }
                // BPF_ALU | BPF_AND | BPF_K
                0x54 => accumulator &= step.k,
                // BPF_JMP: BPF_JA, BPF_JEQ, BPF_JGT, BPF_JGE
                0x05 => at += usize::try_from(step.k).unwrap(),
                0x15 => at += jump(accumulator == step.k),
                0x25 => at += jump(accumulator > step.k),
                0x35 => at += jump(accumulator >= step.k),
                // BPF_RET | BPF_K
                0x06 => return step.k,
                code => panic!("no instruction of a filter is {code:#x}"),
            }
        }
    }

    #[test]
    fn program_allows_exactly_the_listed_calls() {
        for duty in Duty::ALL {
            let calls = calls(duty, &everything()).unwrap();
            let program = program(calls.clone()).unwrap();
            for call in 0..1_000 {
                let answered = answer(&program, MACHINE, call, [u64::MAX; 6]);
                match calls.get(&call) {
                    Some(rules) if rules.is_empty() => assert_eq!(answered, ALLOWED, "{call}"),
                    // No rule allows arguments whose bits are all 1.
                    _ => assert_eq!(answered, NO_SUCH_CALL, "{duty:?}: {call}"),
                }
                // Kernel: the numbers mean other calls on that architecture.
                assert_eq!(answer(&program, OTHER_MACHINE, call, [0; 6]), KILLED, "{call}");
            }
        }
    }

    #[rstest]
    #[case::receiving(libc::SYS_recvmsg, [9, 0, 0, 0, 0, 0], true)]
    #[case::receiving_from_the_successor(libc::SYS_recvmsg, [10, 0, 0, 0, 0, 0], true)]
    #[case::receiving_over_another_socket(libc::SYS_recvmsg, [8, 0, 0, 0, 0, 0], false)]
    #[case::kind_of_a_socket(libc::SYS_getsockopt, [0, 1, 39, 0, 0, 0], true)]
    #[case::thread(libc::SYS_clone, [bits(THREAD), 0, 0, 0, 0, 0], true)]
    #[case::process(libc::SYS_clone, [17, 0, 0, 0, 0, 0], false)]
    #[case::namespace(libc::SYS_clone, [bits(THREAD | libc::CLONE_NEWUSER), 0, 0, 0, 0, 0], false)]
    #[case::memory(libc::SYS_mmap, [0, 4096, 3, 0x22, 0, 0], true)]
    #[case::code(libc::SYS_mmap, [0, 4096, 5, 0x22, 0, 0], false)]
    #[case::made_code(libc::SYS_mprotect, [0, 4096, 4, 0, 0, 0], false)]
    #[case::sock_diag(libc::SYS_socket, [16, 3, 4, 0, 0, 0], true)]
    #[case::routes(libc::SYS_socket, [16, 3, 0, 0, 0, 0], false)]
    #[case::internet(libc::SYS_socket, [2, 1, 0, 0, 0, 0], false)]
    #[case::high_bits_do_not_hide_it(libc::SYS_socket, [2 | 1 << 32, 1, 0, 0, 0, 0], false)]
    #[case::width(libc::SYS_ioctl, [0, 0x5413, 0, 0, 0, 0], true)]
    #[case::typing(libc::SYS_ioctl, [0, 0x5412, 0, 0, 0, 0], false)]
    fn program_restricts_arguments(
        #[case] call: c_long,
        #[case] arguments: [u64; 6],
        #[case] is_allowed: bool,
    ) {
        bounds(Duty::Scripts, call, arguments, is_allowed);
    }

    #[rstest]
    #[case::network(libc::SYS_setns, [3, bits(libc::CLONE_NEWNET), 0, 0, 0, 0], true)]
    #[case::whatever_it_is(libc::SYS_setns, [3, 0, 0, 0, 0, 0], false)]
    #[case::mounts(libc::SYS_setns, [3, bits(libc::CLONE_NEWNS), 0, 0, 0, 0], false)]
    #[case::users(libc::SYS_setns, [3, bits(libc::CLONE_NEWUSER), 0, 0, 0, 0], false)]
    #[case::several(
        libc::SYS_setns,
        [3, bits(libc::CLONE_NEWNET | libc::CLONE_NEWNS), 0, 0, 0, 0],
        false
    )]
    #[case::standard_input(libc::SYS_sendmsg, [0; 6], true)]
    #[case::other_socket(libc::SYS_sendmsg, [3, 0, 0, 0, 0, 0], false)]
    #[case::sock_diag(libc::SYS_socket, [16, 3, 4, 0, 0, 0], true)]
    #[case::routes(libc::SYS_socket, [16, 3, 0, 0, 0, 0], false)]
    fn program_restricts_broker_of_namespaces(
        #[case] call: c_long,
        #[case] arguments: [u64; 6],
        #[case] is_allowed: bool,
    ) {
        bounds(Duty::Namespaces, call, arguments, is_allowed);
    }

    fn bounds(duty: Duty, call: c_long, arguments: [u64; 6], is_allowed: bool) {
        let program = program(calls(duty, &everything()).unwrap()).unwrap();
        let expected = if is_allowed { ALLOWED } else { NO_SUCH_CALL };
        assert_eq!(answer(&program, MACHINE, call, arguments), expected);
    }
}
