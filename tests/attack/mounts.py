#!/usr/bin/env python3
"""Mounts over /proc and parts of it, before and while a shell lists sockets.

The mounts are forged directories and files, the directories and tables of a process in another network namespace, and
the procfs of another PID namespace. A try is a listing. It is a finding if the listing shows forged sockets or those
of another namespace, or if it is incomplete without a message.
"""

import ctypes
import os
import random as chance
import shutil
import socket
import struct
import subprocess
import sys
import time

from attack import PATIENCE, Campaign, in_namespaces

REAL, MADE_UP, ELSEWHERE = 7001, 57005, 57006
PLACE = "/tmp/mounts"
LISTINGS = 12
MS_BIND, MS_REC, MNT_DETACH = 4096, 16384, 2
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: 00000000:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0 100 0 0 10 0\n"

libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind=None, flags=MS_BIND):
    words = [word.encode() if word else None for word in (source, target, kind)]
    return libc.mount(*words, flags, None) == 0


def plant():
    """Creates a directory that looks like /proc, with a different table at every path."""
    for below in ["net", "self/net", "thread-self/net", "self/fd", "1/fd", "self/task/1/net", "sys/net/ipv4"]:
        os.makedirs(f"{PLACE}/made-up/{below}", exist_ok=True)
    for path in ["net/tcp", "self/net/tcp", "thread-self/net/tcp", "self/task/1/net/tcp"]:
        with open(f"{PLACE}/made-up/{path}", "w", encoding="ascii") as file:
            file.write(HEADER + ROW.format(port=MADE_UP, inode=4711))
    for path, text in [("1/stat", "1 (forged) S 0 1 1"), ("1/comm", "forged"), ("1/cmdline", "forged"),
                       ("sys/net/ipv4/ip_local_port_range", "1 2\n")]:
        with open(f"{PLACE}/made-up/{path}", "w", encoding="ascii") as file:
            file.write(text)
    os.symlink("socket:[4711]", f"{PLACE}/made-up/1/fd/3")


def elsewhere():
    """Listens in another PID and network namespace, whose procfs is mounted in this one."""
    os.makedirs(f"{PLACE}/foreign", exist_ok=True)
    script = f'ip link set lo up; mount -t proc proc {PLACE}/foreign; exec "$0" "$1" --listen'
    words = ["unshare", "-npf", "sh", "-c", script, sys.executable, __file__]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    return process


def without_netlink(words):
    """Runs a program that cannot open a netlink socket, so that it reads the text tables."""
    number = {"x86_64": 41, "aarch64": 198}[os.uname().machine]
    steps = [(0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 16), (0x15, 0, 1, 16), (6, 0, 0, 0x50001),
             (6, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
    os.execvp(words[0], words)


def descendants(pid):
    """Reads a procfs without mounts over it."""
    found = []
    try:
        for task in os.listdir(f"{PLACE}/clean/{pid}/task"):
            with open(f"{PLACE}/clean/{pid}/task/{task}/children", encoding="ascii") as file:
                for child in map(int, file.read().split()):
                    found += [child, *descendants(child)]
    except OSError:
        pass
    return found


def mount_something(random, pids, foreign):
    """Mounts something over a random part of /proc. Returns the path."""
    pid = random.choice(pids)
    try:
        task = random.choice(os.listdir(f"{PLACE}/clean/{pid}/task"))
    except OSError:
        return None
    bases = ["/proc", f"/proc/{pid}", f"/proc/{pid}/task", f"/proc/{pid}/task/{task}"]
    files = ["net/tcp", "net/tcp6", "net/unix", "net/sockstat", "net/protocols", "net/netstat"]
    if random.random() < 0.6:
        name = random.choice(files)
        target = random.choice(bases[1:2] + bases[3:]) + "/" + name
        source = random.choice([f"{PLACE}/made-up/net/tcp", f"/proc/{foreign}/{name}", "/dev/null"])
    else:
        target = random.choice([*bases, *(f"{base}/net" for base in bases[1:2] + bases[3:]), f"/proc/{pid}/fd"])
        sources = [f"{PLACE}/made-up", f"{PLACE}/made-up/net", f"/proc/{foreign}", f"/proc/{foreign}/net",
                   f"{PLACE}/foreign", f"/proc/{foreign}/task", "/proc/1", f"{PLACE}/made-up/1/fd"]
        source = random.choice(sources)
    return target if mount(source, target, flags=MS_BIND | random.choice([0, MS_REC])) else None


def one(seed, shell, foreign):
    """Runs one shell, in a separate mount namespace. Prints the result of each listing, and the number of mounts."""
    random = chance.Random(seed)
    options = random.choice([[], ["--grant", "sockets,processes"], ["--no-confine"],
                             ["--no-confine", "--grant", "sockets,processes"]])
    command = random.choice(["ss -tlnH", "ss -tanH", "netstat -tln"])
    command = command.replace("ss -tlnH", "ss -tlnpH") if "sockets,processes" in options else command
    script = f"for n in $(seq {LISTINGS}); do {command} 2>&1; echo \"status $?\"; sleep 0.03; done"
    words = [shell, *options, "-c", script]
    if random.random() < 0.6:
        words = [sys.executable, __file__, "--without-netlink", *words]
    mounted = 0
    if random.random() < 0.5:
        mounted += mount_something(random, [1, os.getpid()], foreign) is not None
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(words, **pipes)
    places = []
    while process.poll() is None:
        place = mount_something(random, [process.pid, *descendants(process.pid)], foreign)
        if place:
            mounted, places = mounted + 1, [*places, place]
        while places and random.random() < 0.5:
            libc.umount2(places.pop(random.randrange(len(places))).encode(), MNT_DETACH)
        time.sleep(0.002)
    output = process.stdout.read().decode(errors="replace")
    print(f"mounted {mounted}")
    print(f"command {' '.join(words[-6:])!r}")
    listed = []
    for line in output.splitlines():
        listed.append(line)
        if line.startswith("status "):
            print(f"listing {verdict(listed[:-1], line)}")
            listed = []
    if listed or process.returncode != 0:
        print(f"rest {process.returncode} {verdict(listed, f'status {process.returncode}')}")


def verdict(lines, status):
    text = "\n".join(lines)
    if f":{MADE_UP} " in text or f":{ELSEWHERE} " in text or "forged" in text:
        return f"LIE {text!r}"
    if "panicked" in text:
        return f"PANIC {text!r}"
    if status == "status 0":
        return "true" if f":{REAL} " in text else f"SHORT {text!r}"
    return "refused" if text else f"SILENT {status}"


def main():
    mode = sys.argv[1:2]
    if mode == ["--listen"]:
        held = socket.create_server(("127.0.0.1", ELSEWHERE))
        print("ready", flush=True)
        sys.stdin.read()
        held.close()
        return
    if mode == ["--without-netlink"]:
        without_netlink(sys.argv[2:])
    if mode == ["--one"]:
        one(int(sys.argv[2]), sys.argv[3], sys.argv[4])
        return
    in_namespaces(["-Urnmpf", "--mount-proc"], "mount -t tmpfs tmpfs /tmp; ip link set lo up")
    campaign = Campaign(tries=1500)
    plant()
    os.makedirs(f"{PLACE}/clean")
    assert mount("proc", f"{PLACE}/clean", "proc", 0), "a second procfs cannot be mounted"
    real = socket.create_server(("127.0.0.1", REAL))
    other = elsewhere()
    foreign = max(descendants(other.pid), default=other.pid)
    while campaign.goes_on():
        seed = campaign.random.getrandbits(32)
        words = ["unshare", "-m", sys.executable, __file__, "--one", str(seed), campaign.program, str(foreign)]
        try:
            ran = subprocess.run(words, check=False, capture_output=True, timeout=PATIENCE, cwd="/")
        except subprocess.TimeoutExpired:
            campaign.find(f"no end within {PATIENCE} s, seed {seed}")
            continue
        lines = ran.stdout.decode(errors="replace").splitlines()
        if not lines:
            campaign.find(f"the try failed: {ran.stderr[-300:]!r}")
            break
        for line in lines:
            what, _, rest = line.partition(" ")
            if what == "mounted":
                campaign.count("mounts", int(rest))
            elif what in ("listing", "rest"):
                campaign.tried()
                word = rest.split()[1 if what == "rest" else 0]
                campaign.count(word)
                if word not in ("true", "refused"):
                    campaign.find(f"{rest} by {lines[1]}, seed {seed}")
    real.close()
    other.communicate()
    shutil.rmtree(PLACE, ignore_errors=True)
    campaign.end()


main()
