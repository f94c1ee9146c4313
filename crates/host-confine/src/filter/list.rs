//! The lists: the system calls of each purpose, and the arguments of those that are bounded.

use libc::{c_int, c_long};

/// Memory, threads, time, signals of the process itself, and open descriptors.
pub(super) const ALWAYS: &[c_long] = &[
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
pub(super) const ALWAYS_OF_MACHINE: &[c_long] = &[libc::SYS_epoll_wait, libc::SYS_poll];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const ALWAYS_OF_MACHINE: &[c_long] = &[];

/// Looking files up and reading them.
pub(super) const FILES: &[c_long] = &[
    libc::SYS_getdents64,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_readlinkat,
    libc::SYS_statx,
];

/// Checking whether a directory may be searched: cap-std does this for `.` and `..` where there is
/// no `openat2`. Landlock restricts neither this nor lookups.
pub(super) const SEARCHES: &[c_long] = &[libc::SYS_faccessat, libc::SYS_faccessat2];

/// Sending requests over a netlink socket, and receiving answers.
pub(super) const NETLINK: &[c_long] =
    &[libc::SYS_getsockname, libc::SYS_recvfrom, libc::SYS_sendto];

/// A socket option: its level and its number. Kernel: `asm-generic/socket.h`.
pub(super) type SocketOption = (c_int, c_int);

/// Options of a netlink socket: the receive timeout (two numbers, for times of 32 and 64 bits), and
/// the size of the receive buffer, for events.
pub(super) const NETLINK_OPTIONS: [SocketOption; 3] = [
    (libc::SOL_SOCKET, libc::SO_RCVTIMEO),
    (libc::SOL_SOCKET, SO_RCVTIMEO_NEW),
    (libc::SOL_SOCKET, libc::SO_RCVBUF),
];

/// Options that the C library and its modules set to look up names: reports of datagram errors
/// (`res_send`), and options of the clients of daemons (`nscd`, `libnss-resolve`,
/// `libnss-myhostname`).
pub(super) const NAME_OPTIONS: [SocketOption; 19] = [
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
pub(super) const NAME_QUESTIONS: [SocketOption; 9] = [
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
pub(super) const RECEIVED_QUESTIONS: [SocketOption; 2] =
    [(libc::SOL_SOCKET, libc::SO_DOMAIN), (libc::SOL_SOCKET, libc::SO_PROTOCOL)];

/// Kernel: `asm-generic/socket.h`; the `libc` crate lacks these.
const SO_PEERGROUPS: c_int = 59;
const SO_RCVTIMEO_NEW: c_int = 66;
const SO_SNDTIMEO_NEW: c_int = 67;

/// Communicating with name servers and with daemons that cache names.
pub(super) const NAMES: &[c_long] = &[
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
pub(super) const NAMES_OF_MACHINE: &[c_long] =
    &[libc::SYS_access, libc::SYS_lstat, libc::SYS_open, libc::SYS_readlink, libc::SYS_stat];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const NAMES_OF_MACHINE: &[c_long] = &[];

/// Changing files, where a directory was granted for writing.
pub(super) const CHANGES: &[c_long] = &[
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
pub(super) const STARTS: &[c_long] = &[
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
pub(super) const STARTS_OF_MACHINE: &[c_long] =
    &[libc::SYS_arch_prctl, libc::SYS_dup2, libc::SYS_fork, libc::SYS_pipe, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const STARTS_OF_MACHINE: &[c_long] = &[];

/// Flags of `clone` that are denied even to a process that may start others.
pub(super) const NAMESPACES: c_int = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

/// Operations of `prctl` for the spawner and its children: the name, the signal at the death of the
/// parent, confinement, and the bounding set of capabilities.
pub(super) const PRCTLS: [c_int; 6] = [
    libc::PR_SET_NAME,
    libc::PR_SET_PDEATHSIG,
    libc::PR_SET_NO_NEW_PRIVS,
    libc::PR_SET_SECCOMP,
    libc::PR_CAPBSET_READ,
    libc::PR_CAPBSET_DROP,
];

/// Flags of `clone` that are required: those of a thread.
pub(super) const THREAD: c_int = libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD;

/// Flags of `clone` that are denied. The lowest byte is the exit signal, which a thread does not
/// have.
pub(super) const NO_THREAD: c_int = 0xff
    | NAMESPACES
    | libc::CLONE_PARENT
    | libc::CLONE_PTRACE
    | libc::CLONE_UNTRACED
    | libc::CLONE_VFORK
    | libc::CLONE_PIDFD;

/// Reading and setting the mode of a terminal, but not `TIOCSTI`, which inserts input; and the name
/// and index of a network interface. Kernel: `asm-generic/ioctls.h`, `linux/sockios.h`.
pub(super) const IOCTLS: [u64; 9] = [
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

pub(super) const FCNTLS: [c_int; 5] =
    [libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL];

/// The mask of the socket type among its flags (kernel: `SOCK_TYPE_MASK`), `SOCK_STREAM` and
/// `SOCK_DGRAM`.
pub(super) const KIND: u64 = 0xf;
pub(super) const STREAM: u64 = 1;
pub(super) const DATAGRAM: u64 = 2;
