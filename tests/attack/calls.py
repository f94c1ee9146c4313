#!/usr/bin/env python3
"""Makes system calls in a process of scripts, as hostile code in it would.

The process is traced from outside, which makes any call in it: its filter and Landlock treat the calls as those of
the process. A call that a process of scripts does not need has to fail with ENOSYS, whatever its arguments are, and
the allowed calls must not reach paths, sockets and processes that are not granted. Needs x86-64.
"""

import ctypes
import os
import platform
import subprocess
import sys
import time

from attack import Campaign

ENOSYS, EACCES, EPERM = 38, 13, 1
PTRACE_PEEKDATA, PTRACE_POKEDATA, PTRACE_SINGLESTEP = 2, 5, 9
PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 12, 13, 0x4206, 0x4207, 17
WALL = 0x40000000

# Calls that a process of scripts may make with any arguments: memory, threads, time, its own signals, open
# descriptors, and looking up, reading and changing files, which Landlock restricts.
LEFT = {
    "read": 0, "write": 1, "fstat": 5, "poll": 7, "lseek": 8, "munmap": 11, "brk": 12, "rt_sigaction": 13,
    "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17, "pwrite64": 18, "readv": 19, "writev": 20,
    "sched_yield": 24, "mremap": 25, "madvise": 28, "dup": 32, "nanosleep": 35, "getpid": 39, "exit": 60,
    "gettimeofday": 96, "getuid": 102, "getgid": 104, "geteuid": 107, "getegid": 108, "getppid": 110,
    "sigaltstack": 131, "fstatfs": 138, "gettid": 186, "futex": 202, "getdents64": 217, "restart_syscall": 219,
    "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "epoll_wait": 232,
    "epoll_ctl": 233, "openat": 257, "newfstatat": 262, "readlinkat": 267, "faccessat": 269, "ppoll": 271,
    "set_robust_list": 273, "epoll_pwait": 281, "getrandom": 318, "statx": 332, "rseq": 334, "openat2": 437,
    "faccessat2": 439, "close": 3,
}
# With the grant `sockets`.
SOCKETS = {"sendto": 44, "recvfrom": 45, "getsockname": 51}
# With a directory to write.
WRITES = {
    "ftruncate": 77, "fchmod": 91, "mkdirat": 258, "unlinkat": 263, "renameat": 264, "symlinkat": 266,
    "fchmodat": 268, "utimensat": 280, "renameat2": 316,
}
# Calls that are allowed with some arguments. Each is tried with arguments that are not allowed.
BOUNDED = {
    "mmap": (9, [0, 4096, 7, 0x22, -1, 0]), "mprotect": (10, [0, 4096, 5, 0, 0, 0]),
    "ioctl": (16, [0, 0x5412, 0, 0, 0, 0]), "clone": (56, [17, 0, 0, 0, 0, 0]),
    "clone user namespace": (56, [0x10010F00, 0, 0, 0, 0, 0]), "fcntl": (72, [0, 1025, 0, 0, 0, 0]),
    "prctl dumpable": (157, [4, 1, 0, 0, 0, 0]), "prctl seccomp": (157, [22, 0, 0, 0, 0, 0]),
    "prctl bounding": (157, [24, 12, 0, 0, 0, 0]), "sched_getaffinity": (204, [1, 8, 0, 0, 0, 0]),
    "tgkill": (234, [1, 1, 0, 0, 0, 0]), "socket inet": (41, [2, 1, 0, 0, 0, 0]),
    "socket inet6": (41, [10, 2, 0, 0, 0, 0]), "socket unix": (41, [1, 1, 0, 0, 0, 0]),
    "socket packet": (41, [17, 3, 3, 0, 0, 0]), "socket rtnetlink": (41, [16, 3, 0, 0, 0, 0]),
    "socket netfilter": (41, [16, 3, 12, 0, 0, 0]), "socket vsock": (41, [40, 1, 0, 0, 0, 0]),
    "socket alg": (41, [38, 5, 0, 0, 0, 0]), "attach filter": (54, [3, 1, 26, 0, 0, 0]),
    "attach program": (54, [3, 1, 50, 0, 0, 0]), "join a group": (54, [3, 270, 1, 0, 0, 0]),
    "listen to all namespaces": (54, [3, 270, 8, 0, 0, 0]), "set a mark": (54, [3, 1, 36, 0, 0, 0]),
    "ask for the other end": (55, [3, 1, 17, 0, 0, 0]),
}

# Kernel: `uretprobe` and `uprobe` pass every filter (Linux 6.14, 6.18). They only return from a probe that the kernel
# has set, and without one fail with SIGILL or ENXIO.
PAST_FILTERS = [335, 336]

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base"
             " ds es fs gs").split()


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in REGISTERS]


def ptrace(request, thread, address=None, data=None):
    ctypes.set_errno(0)
    result = libc.ptrace(request, thread, address, data)
    if result == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


class Taken:
    """A traced thread, stopped in a system call."""

    def __init__(self, thread):
        self.thread = thread
        ptrace(PTRACE_SEIZE, thread)
        ptrace(PTRACE_INTERRUPT, thread)
        os.waitpid(thread, WALL)
        self.before = Registers()
        ptrace(PTRACE_GETREGS, thread, None, ctypes.addressof(self.before))
        instruction = ptrace(PTRACE_PEEKDATA, thread, self.before.rip - 2) & 0xFFFF
        assert instruction == 0x050F, f"expected a thread in a system call, but found {instruction:#x}"

    def call(self, number, arguments):
        """Makes a call, and returns its result."""
        registers = Registers.from_buffer_copy(self.before)
        names = ["rdi", "rsi", "rdx", "r10", "r8", "r9"]
        for name, value in zip(names, arguments):
            setattr(registers, name, value & (2**64 - 1))
        registers.rax, registers.orig_rax, registers.rip = number, 2**64 - 1, self.before.rip - 2
        ptrace(PTRACE_SETREGS, self.thread, None, ctypes.addressof(registers))
        ptrace(PTRACE_SINGLESTEP, self.thread)
        _, status = os.waitpid(self.thread, WALL)
        if not os.WIFSTOPPED(status):
            raise ProcessLookupError(f"the process ended: {status:#x}")
        ptrace(PTRACE_GETREGS, self.thread, None, ctypes.addressof(registers))
        return ctypes.c_longlong(registers.rax).value

    def text(self, value):
        """Writes a text to free memory, far below the stack, and returns its address."""
        start = (self.before.rsp - 16384) & ~7
        data = value.encode() + b"\0"
        data += b"\0" * (-len(data) % 8)
        for at in range(0, len(data), 8):
            word = int.from_bytes(data[at:at + 8], "little")
            ptrace(PTRACE_POKEDATA, self.thread, start + at, word)
        return start


def descendants(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            for child in map(int, file.read().split()):
                found += [child, *descendants(child)]
    return found


class Shell:
    """A shell whose script sleeps."""

    def __init__(self, campaign, options):
        command = [campaign.program, *options, "--timeout", "900s", "-c", "echo started; sleep 900"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"started\n"
        programs = {}
        for pid in descendants(self.process.pid):
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if b"--broker" not in file.read().split(b"\0"):
                    programs[pid] = len(os.listdir(f"/proc/{pid}/task"))
        # The process of scripts is the only one with several threads.
        self.script = max(programs, key=programs.get)

    def take(self):
        """Traces the first thread, when it waits."""
        while True:
            with open(f"/proc/{self.script}/syscall", encoding="ascii") as file:
                if file.read().split()[0].isdigit():
                    return Taken(self.script)
            time.sleep(0.01)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


PATHS = [
    "/etc", "/etc/passwd", "/etc/shadow", "/", "/proc/1/cmdline", "/proc/1/environ", "/proc/self/mem", "/proc/self/maps",
    "/proc/self/environ", "/proc/self/root/etc/passwd", "/proc/kallsyms", "/proc/sys/kernel/hostname", "/dev/null",
    "/dev/sda", "/dev/kmsg", "/sys/kernel", "/root", "/home", "/tmp", "/proc/net/tcp", "/proc/self/net/tcp",
    "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/unified/cgroup.procs", "/proc/self/exe", "/bin/sh", "/run",
]


def attempts_by_paths(campaign, taken, name):
    """Opens existing paths that are not granted, in every way. Landlock allows looking a path up (`O_PATH`), but the
    result must not give access to the file."""
    here, look = -100 & 0xFFFFFFFF, 0o10000000
    for path in filter(os.path.lexists, PATHS):
        for flags in [0, 1, 2, 0o101, 0o200000, 0o200000 | look, look]:
            result = taken.call(257, [here, taken.text(path), flags, 0o600, 0, 0])
            campaign.tried()
            if result < 0:
                continue
            if not flags & look:
                campaign.find(f"{name}: opened {path} with flags {flags:o}")
                continue
            campaign.count("paths looked up")
            again = taken.text(f"/proc/self/fd/{result}")
            below = taken.text("passwd") if path == "/etc" else taken.text(".")
            for directory, way in [(here, again), (result, below)]:
                opened = taken.call(257, [directory, way, 0, 0, 0, 0])
                campaign.tried()
                if opened >= 0:
                    campaign.find(f"{name}: opened {path} after it was looked up")
            taken.call(3, [result, 0, 0, 0, 0, 0])


def main():
    campaign = Campaign(tries=6000)
    if platform.machine() != "x86_64":
        campaign.skip("it needs x86-64")
    random = campaign.random
    kinds = [
        ("without grants", ["--grant", "none"], LEFT, True),
        ("sockets", [], {**LEFT, **SOCKETS}, False),
        ("sockets and events", ["--grant", "sockets,events"], {**LEFT, **SOCKETS, "bind": 49}, False),
        ("everything", ["--grant", "sockets,processes,resolve,kill"], {**LEFT, **SOCKETS}, False),
    ]
    values = [0, 1, 2, 3, 4, 9, 17, -1, -100, 4096, 0x22, 0x7FFFFFFF, 2**31, 2**32, 2**32 + 2, 2**63, 0o600]
    share = campaign.options.tries // len(kinds)
    for name, options, left, has_no_socket in kinds:
        shell = Shell(campaign, options)
        try:
            taken = shell.take()
            # An allowed call has to work, otherwise the rest proves nothing.
            assert taken.call(39, [0] * 6) == shell.script
            passed = {*left.values(), *PAST_FILTERS}
            numbers = [number for number in range(480) if number not in passed]
            bounded = {number for number, _ in BOUNDED.values()}
            for what, (number, arguments) in BOUNDED.items():
                campaign.tried()
                if taken.call(number, arguments) != -ENOSYS:
                    campaign.find(f"{name}: {what} is there")
            if has_no_socket:
                campaign.tried()
                if taken.call(41, [16, 3, 4, 0, 0, 0]) != -ENOSYS:
                    campaign.find(f"{name}: a socket to sock_diag is there")
            attempts_by_paths(campaign, taken, name)
            for _ in range(share):
                number = random.choice(numbers)
                arguments = [random.choice(values) for _ in range(6)]
                if number in bounded:
                    continue
                result = taken.call(number, arguments)
                campaign.tried()
                if result != -ENOSYS:
                    campaign.find(f"{name}: call {number} with {arguments} is {result}")
        except PermissionError:
            campaign.skip("this user may trace no process")
        except ProcessLookupError as error:
            campaign.find(f"{name}: {error}")
        finally:
            shell.end()
    campaign.end()


main()
