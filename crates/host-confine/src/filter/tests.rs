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
fn calls_of_a_broker_are_denied_to_other_duties(#[case] call: c_long, #[case] expected: &[Duty]) {
    let others = CONFINED.into_iter().filter(|duty| *duty != Duty::Resolver);
    let found: Vec<_> =
        others.filter(|duty| calls(*duty, &everything()).unwrap().contains_key(&call)).collect();
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
            assert!(is_left || rules.iter().all(|rule| left.contains(rule)), "{duty:?}: {call}");
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
        ("the terminal", Duty::Terminal, nothing.clone()),
        ("the broker of processes", Duty::Processes, nothing.clone()),
        ("the broker of network namespaces", Duty::Namespaces, nothing.clone()),
        ("the broker of host names", Duty::Resolver, nothing.clone()),
        ("the spawner", Duty::Spawner, nothing.clone()),
    ];
    let count = |duty, needs: &Needs| calls(duty, needs).unwrap().len();
    let rows = rows.map(|(name, duty, needs)| format!("| {name} | {} |\n", count(duty, &needs)));
    let [listing, following, writing, all] =
        [sockets, events, writes, everything()].map(|needs| count(Duty::Scripts, &needs));
    let with_sockets = format!(
        "| scripts, with the grant `sockets` | {listing}; {} more with the grant `events`, {} more \
         with a directory to write, {} more with every network namespace |\n",
        following - listing,
        writing - following,
        all - writing
    );
    for row in rows.iter().chain([&with_sockets]) {
        assert!(document.contains(row), "expected in docs/security-model.md: {row}");
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
