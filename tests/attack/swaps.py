#!/usr/bin/env python3
"""Exchanges directories and files for links and devices while commands use them.

An attacker outside of the shell exchanges files that scripts name, as fast as possible: a directory for a link to one
that is not granted, a file for a link or a FIFO. A try is one command. It is a finding if the command prints or
changes something outside, or if the shell does not end.
"""

import ctypes
import os
import subprocess
import sys
import tempfile

from attack import READ_ONLY, Campaign, in_namespaces

CONTENT = "content-beyond-the-grant"
RENAME_EXCHANGE, AT_FDCWD = 2, -100

COMMANDS = [
    "cat d/f", "ls d", "echo a > d/f", "echo a >> d/new", "rm -f d/f", "rm -rf d/x", "mkdir -p d/x/y", "touch d/t",
    "cp f d/f", "cp -r d copy", "mv d/f g", "mv g d/f", "cat f", "cat < f", "echo a > f", "grep -r beyond .", "find .",
    "find -L . -type f", "tar cf - d f", "chmod 600 d/f", "chmod 600 f", "ln -s x d/l", "truncate -s 0 d/f",
    "sed -i s/a/b/ d/f", "cd d && cat f; cd ..", "cd d && echo a > f; cd ..", "ls -l d/", "cat d/*", "stat d/f",
    "rmdir d/x", "split f d/s", "tee d/f < f", ". d/f", "dd if=d/f", "test -f d/f && cat d/f", "wc -l d/f f",
]


def exchange(pairs):
    """Exchanges the two paths of each pair, until standard input ends. Prints how often."""
    libc = ctypes.CDLL(None, use_errno=True)
    count = 0
    os.set_blocking(0, False)
    while True:
        for one, other in pairs:
            done = libc.renameat2(AT_FDCWD, one.encode(), AT_FDCWD, other.encode(), RENAME_EXCHANGE)
            count += done == 0
        if count % 512 < 3:
            try:
                if os.read(0, 1) == b"":
                    break
            except BlockingIOError:
                pass
    print(count)


def outside(top):
    found = {}
    for above, _, files in os.walk(f"{top}/outside"):
        for name in files:
            info = os.lstat(f"{above}/{name}")
            found[f"{above}/{name}"] = (info.st_mode, info.st_size, info.st_mtime_ns, info.st_nlink)
        info = os.lstat(above)
        found[above] = (info.st_mode, info.st_mtime_ns)
    return found


def plant(top):
    for directory in ["granted/d", "outside/x", "swaps"]:
        os.makedirs(f"{top}/{directory}")
    for path in ["granted/d/f", "granted/f", "granted/g"]:
        with open(f"{top}/{path}", "w", encoding="utf-8") as file:
            file.write("aaa\n")
    for path in ["outside/f", "outside/x/f", "outside/t"]:
        with open(f"{top}/{path}", "w", encoding="utf-8") as file:
            file.write(f"{CONTENT}\n")
    os.symlink(f"{top}/outside", f"{top}/granted/swap_d")
    os.symlink("../outside/f", f"{top}/granted/swap_f")
    os.mkfifo(f"{top}/granted/swap_fifo")


def main():
    if sys.argv[1:2] == ["--exchange"]:
        exchange(list(zip(sys.argv[2::2], sys.argv[3::2])))
        return
    in_namespaces(*READ_ONLY)
    campaign = Campaign(tries=4000)
    random = campaign.random
    while campaign.goes_on():
        with tempfile.TemporaryDirectory() as made:
            top = os.path.realpath(made)
            plant(top)
            before = outside(top)
            granted = f"{top}/granted"
            pairs = [[f"{granted}/d", f"{granted}/swap_d"], [f"{granted}/f", f"{granted}/swap_f"]]
            if random.random() < 0.3:
                pairs[1][1] = f"{granted}/swap_fifo"
            words = [word for pair in pairs for word in pair]
            attacker = subprocess.Popen(
                [sys.executable, __file__, "--exchange", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            lines = [f"( {random.choice(COMMANDS)} ) 2>&1" for _ in range(400)]
            options = ["--allow-path", f"{granted}:rw"] + random.choice([[], ["--no-confine"]])
            ran = campaign.shell([*options, "--timeout", "200s"], f"cd {granted}\n" + "\n".join(lines))
            swaps, _ = attacker.communicate()
            campaign.tried(len(lines))
            campaign.count("swaps", int(swaps))
            output = (ran.stdout + ran.stderr).decode(errors="replace")
            if CONTENT in output:
                campaign.find(f"printed what is outside: {options}")
            after = outside(top)
            if after != before:
                changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
                campaign.find(f"changed what is outside: {sorted(changed)[:5]} with {options}")
    campaign.end()


main()
