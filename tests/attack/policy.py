#!/usr/bin/env python3
"""Lists sockets with random narrow policies before hidden sockets are opened, while they are open, and after.

Each try opens visible sockets, and chooses a policy that hides others, and a command. The output of the command and
its status have to be the same before sockets are opened that the policy hides, while they are open, and after they
are closed. The hidden sockets are of other families, or of another user if this is run by root.
"""

import json
import os
import random as chance
import re
import socket
import subprocess
import sys
import tempfile

from attack import Campaign, in_namespaces

OTHER_USER = 12345

COMMANDS = """ss -a|ss -an|ss -aneH|ss -anemioH|ss -anO|ss -anpH|ss -anT|ss -a --json|ss -ane --json-lines
ss -tan|ss -uan|ss -xa|ss -wan|ss -0a|ss -f netlink -a|ss -lntu|ss -l|ss -s|netstat -an|netstat -tulpn|netstat -anp
netstat -x|ss -ane dport = 0|ss -a src 127.0.0.1|ss -an sport '>' 1|ss -xa src '*nobody*'|ss -an 'cgroup = /nowhere'
ss -ane 'cgroup = /'|ss -an --peers|ss -an state listening|ss -anr|ss -anb|ss -K src 192.0.2.1|portwatch --help
ss -an --top 3|ss -an --count|ss -anZ|ss -anE|ss -N nowhere -an|ss --all-namespaces -an|ss -an --sort recv-q
ss -an pid = 1|ss -an 'not pid = 1'|ss -an 'comm = python3'|ss -anu -x|ss -antux -i|ss -M|ss --vsock -a|ss --xdp -a"""

FAMILIES = ["unix", "inet", "inet6", "packet", "netlink"]


def sockets(family, count, rng):
    """Opens this many sockets of a family, of kinds that do not change by themselves."""
    made = []
    for _ in range(count):
        if family == "unix":
            one = socket.socket(socket.AF_UNIX, rng.choice([socket.SOCK_STREAM, socket.SOCK_DGRAM]))
            if rng.random() < 0.7:
                one.bind(b"\0" + bytes(rng.choice(b"abcdefgh") for _ in range(12)))
            if one.type == socket.SOCK_STREAM and rng.random() < 0.5 and one.getsockname():
                one.listen()
            made += [one, *socket.socketpair()] if rng.random() < 0.3 else [one]
        elif family == "packet":
            made.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        elif family == "netlink":
            made.append(socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 0))
            made[-1].bind((0, 0))
        else:
            kind = rng.choice([socket.SOCK_STREAM, socket.SOCK_DGRAM])
            v6 = family == "inet6"
            one = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind)
            if v6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(("::1" if v6 else "127.0.0.1", 0))
            if kind == socket.SOCK_STREAM:
                one.listen()
            made.append(one)
    return made


class Others:
    """Sockets in another process, which ends on request."""

    def __init__(self, user, family, count, seed):
        words = ["--hold", str(user), family, str(count), str(seed)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([sys.executable, __file__, *words], **pipes)
        assert self.process.stdout.readline() == b"ready\n"

    def end(self):
        self.process.communicate()


def hold(user, family, count, seed):
    if user != os.getuid():
        os.setresuid(user, user, user)
    made = sockets(family, count, chance.Random(seed))
    print("ready", flush=True)
    sys.stdin.read()
    for one in made:
        one.close()


def main():
    if sys.argv[1:2] == ["--hold"]:
        user, family, count, seed = sys.argv[2:]
        hold(int(user), family, int(count), int(seed))
        return
    several_users = can_be_another()
    # With a PID namespace, so that `--all-namespaces` does not list what else runs on the machine.
    in_namespaces(["-nmpf" if several_users else "-Urnmpf", "--mount-proc"], "ip link set lo up")
    campaign = Campaign(tries=60)
    random = campaign.random
    commands = [command for line in COMMANDS.splitlines() for command in line.split("|")]
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as policy:
        os.chmod(policy.name, 0o644)
        while campaign.goes_on():
            # The netlink sockets of the shell differ each time.
            shown = random.sample(FAMILIES[:-1], random.randrange(1, 4))
            by_user = several_users and random.random() < 0.5
            if by_user:
                shown = FAMILIES[:-1]
                campaign.count("policies of one user")
            grants = ["sockets", *random.sample(["processes", "resolve", "namespaces"], random.randrange(3))]
            text = f"families = {json.dumps(shown)}\ngrants = {json.dumps(grants)}\n"
            text += f"uid = {os.getuid()}\n" if by_user else ""
            text += random.choice(["", "processes = \"full\"\n"]) + random.choice(["", "namespaces = \"all\"\n"])
            text += random.choice(["", "unix-names = \"hidden\"\n"]) + random.choice(["", "net-admin = true\n"])
            policy.seek(0)
            policy.truncate()
            policy.write(text)
            policy.flush()
            visible = [one for family in shown for one in sockets(family, random.randrange(3), random)]
            chosen = random.sample(commands, 8)
            script = "\n".join(f"echo '# {number}'; {command} 2>&1; echo \"status $?\""
                               for number, command in enumerate(chosen))
            options = ["--policy", policy.name]

            def listing():
                ran = campaign.shell(options, script)
                return masked(ran.stdout) + masked(ran.stderr)

            alone = campaign.shell([], "ss -anH").stdout.count(b"\n")
            before = listing()
            hidden = FAMILIES if by_user else [family for family in FAMILIES if family not in shown]
            user = OTHER_USER if by_user else os.getuid()
            hidden = [family for family in hidden if not (by_user and family in ("packet", "netlink"))]
            others = [Others(user, family, random.choice([1, 7, 40]), random.getrandbits(32)) for family in hidden]
            during = listing()
            campaign.count("hidden rows", campaign.shell([], "ss -anH").stdout.count(b"\n") - alone)
            for other in others:
                other.end()
            after = listing()
            for when, listed in [("with hidden sockets", during), ("after them", after)]:
                if listed != before:
                    lines = zip(before.splitlines(), listed.splitlines())
                    first = next((pair for pair in lines if pair[0] != pair[1]), "another number of lines")
                    campaign.find(f"{when}: {first} under {text!r} by {chosen}")
            for one in visible:
                one.close()
            campaign.tried()
            campaign.count("commands compared", 2 * len(chosen))
    campaign.end()


def can_be_another():
    """Returns whether this process may become another user."""
    child = subprocess.run(
        [sys.executable, "-c", f"import os; os.setresuid({OTHER_USER}, {OTHER_USER}, {OTHER_USER})"],
        check=False, capture_output=True,
    )
    return child.returncode == 0


def masked(output):
    """Removes values that change by themselves, and the sockets and processes of the shell."""
    text = output.decode(errors="backslashreplace")
    return re.sub(r"(?<=[^\w])\d+(\.\d+)?(ms|sec|min)\b", "TIME", text)


main()
