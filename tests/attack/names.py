#!/usr/bin/env python3
"""Gives sockets, processes and interfaces names that would forge rows, and lists them.

Names are random bytes, terminal sequences, invisible and turning characters, blanks, and rows of the listing itself.
A try is a name. It has found something when a listing has another number of rows or columns than there are sockets,
when something that is no plain text reaches the output, when two names are printed alike, or when a filter does not
take a name as it is printed.
"""

import ctypes
import json
import os
import re
import socket
import subprocess
import sys
import unicodedata

from attack import Campaign, in_namespaces

PIECES = [
    b"\x1b[2J", b"\x1b]0;title\x07", b"\r", b"\n", b"\t", b" ", b"\x0b", b"\x0c", b"\x7f", b"\x9b31m", b"\xc2\x9b31m",
    "\u202e".encode(), "\u2066".encode(), "\u200b".encode(), "\u2028".encode(), "\u00ad".encode(), "\u180e".encode(),
    "\u034f".encode(), "\U000e0041".encode(), "\ufeff".encode(), "\u00a0".encode(), "\u3000".encode(),
    "\u0301".encode(), "\uff0f".encode(), "e\u0301".encode(), "\ufdd0".encode(), b"\xff", b"\xfe\xff", b"\xed\xa0\x80",
    b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\\x20", b"\\n", b"\\", b"@", b"*", b"/", b":", b'"', b"'", b"(", b")", b",",
    b' 4242 * 0 users:(("systemd",pid=1,fd=3))', b"\nu_str LISTEN 0 0 /run/forged 1 * 0", b"%s%n", b"$(id)", b"`id`",
    "ｆｕｌｌ".encode(), "🙂".encode(), b"plain", b"a",
]

# Categories of characters that no listing may have: control, format, surrogates, private, unassigned, lines and
# paragraphs.
FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

# Words that a filter does not take for a name.
KEYWORDS = {"", "(", ")"}

# A row of a listener with one process, whose name is in quotation marks and contains none.
PROCESSES = re.compile(r'(\S+ +){5}users:\(\("[^"]*",pid=\d+,(tid=\d+,)?fd=\d+\)\) *')


def name(random, longest):
    made = b"".join(random.choice(PIECES) for _ in range(random.randrange(1, 6)))
    if random.random() < 0.2:
        made += bytes(random.randrange(256) for _ in range(random.randrange(12)))
    return made[:longest]


def check_text(campaign, what, output, blanks=False):
    """Checks that an output is plain text, and returns it. Blanks of any kind may be between quotation marks."""
    try:
        text = output.decode()
    except UnicodeDecodeError as error:
        campaign.find(f"{what}: no UTF-8, {error}")
        return output.decode(errors="replace")
    for character in set(text) - {"\n"}:
        category = unicodedata.category(character)
        if category in FORBIDDEN or (category == "Zs" and character != " " and not blanks):
            campaign.find(f"{what}: printed U+{ord(character):04X}")
    return text


def check_filter(campaign, command, printed, row, chosen):
    """Checks that a filter takes a name as it is printed, as its last word and before another one."""
    if printed in KEYWORDS or printed.isdigit():
        return
    word = quoted(printed)
    ran = campaign.shell(["--grant", "sockets,processes"], f"{command} {word}; echo; {command} {word} or user 4242")
    last, first = ran.stdout.decode(errors="replace").split("\n\n", 1) if b"\n\n" in ran.stdout else ("", "")
    campaign.count("filters")
    if row not in last or row not in first:
        campaign.find(f"a filter does not take {word}, the name of {chosen!r}")


def quoted(word):
    """Returns a word of a script."""
    return "'" + word.replace("'", "'\\''") + "'"


def unix_sockets(campaign, random):
    """Listens at abstract names, and compares rows with sockets."""
    names, held = set(), []
    while len(names) < 50:
        chosen = name(random, 100)
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            one.bind(b"\0" + chosen)
        except OSError:
            one.close()
            continue
        one.listen(7)
        names.add(chosen)
        held.append((chosen, one))
    grants = ["--grant", "sockets,processes"]
    for command, columns in [("ss -xlH", 8), ("ss -xlnpH", 9), ("ss -xleH", None), ("netstat -xl", None)]:
        ran = campaign.shell(grants, command)
        text = check_text(campaign, command, ran.stdout)
        check_text(campaign, command, ran.stderr)
        rows = [line.split(" ") for line in text.splitlines()]
        rows = [[word for word in row if word] for row in rows]
        if command.startswith("netstat"):
            rows = [row for row in rows if row[:1] == ["unix"]]
        if len(rows) != len(held):
            campaign.find(f"{command}: {len(rows)} rows of {len(held)} sockets: {names}")
        for row in rows:
            if columns and len(row) != columns:
                campaign.find(f"{command}: {len(row)} columns in {row}")
        if columns and len({row[4] for row in rows if len(row) > 4}) != len(held):
            campaign.find(f"{command}: two of these names are printed alike: {names}")
    ran = campaign.shell(grants, "ss -xl --json")
    text = check_text(campaign, "ss --json", ran.stdout, blanks=True)
    try:
        found = json.loads(text)
        if text.count('"LISTEN"') + text.count('"listening"') + text.count('"listen"') < len(held):
            campaign.find(f"ss --json: fewer than {len(held)} sockets: {str(found)[:200]}")
    except ValueError as error:
        campaign.find(f"ss --json: {error}")
    listed = campaign.shell(grants, "ss -xlH").stdout.decode(errors="replace").splitlines()
    for chosen, one in random.sample(held, 10):
        inode = f" {os.fstat(one.fileno()).st_ino} "
        printed = [line.split()[4] for line in listed if inode in line]
        check_filter(campaign, "ss -xlH src", "".join(printed), inode, chosen)
    for _, one in held:
        one.close()
    campaign.tried(len(names))
    campaign.count("unix names", len(names))


def hold(name_of_process):
    """Holds a socket in a process of that name."""
    libc = ctypes.CDLL(None)
    libc.prctl(15, ctypes.c_char_p(name_of_process), 0, 0, 0)
    one = socket.create_server(("127.0.0.1", 0))
    print(one.getsockname()[1], flush=True)
    sys.stdin.read()


def processes(campaign, random):
    """Names processes, and compares the processes of their sockets."""
    held = []
    for _ in range(10):
        chosen = name(random, 15).replace(b"\0", b"")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = subprocess.Popen([sys.executable, __file__, "--hold", chosen.hex()], **pipes)
        held.append((chosen, process, int(process.stdout.readline())))
    for options, command in [([], "ss -tlnpH"), ([], "ss -tlnpTH"), ([], "netstat -tlnp")]:
        ran = campaign.shell([*options, "--grant", "sockets,processes"], command)
        text = check_text(campaign, command, ran.stdout, blanks=True)
        for chosen, process, port in held:
            lines = [line for line in text.splitlines() if f"127.0.0.1:{port} " in line]
            if len(lines) != 1:
                campaign.find(f"{command}: {len(lines)} rows of a socket of {chosen!r}")
            elif "pid=1," in lines[0] or (command.startswith("ss") and f"pid={process.pid}," not in lines[0]):
                campaign.find(f"{command}: another process than {chosen!r} in {lines[0]!r}")
            elif command.startswith("ss") and not PROCESSES.fullmatch(lines[0]):
                campaign.find(f"{command}: no row of one process, {lines[0]!r}")
            elif command == "ss -tlnpH":
                printed = lines[0].split('"')[1].replace(" ", "\\x20")
                check_filter(campaign, "ss -tlnH comm =", printed, f":{port} ", chosen)
    for _, process, _ in held:
        process.communicate()
    campaign.tried(len(held))
    campaign.count("processes", len(held))


def interfaces(campaign, random):
    """Names interfaces, and lists sockets that are bound to them."""
    held = []
    for number in range(10):
        # The kernel refuses blanks, colons and slashes there.
        chosen = name(random, 99).translate(None, b" \t\n\v\f\r\0/:\xa0")[:15]
        add = [b"ip", b"link", b"add", b"name", chosen, b"type", b"bridge"]
        if subprocess.run(add, check=False, capture_output=True).returncode != 0:
            continue
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, chosen)
        one.bind(("0.0.0.0", 20000 + number))
        held.append((chosen, one))
    text = check_text(campaign, "ss -uan", campaign.shell([], "ss -uanH; ss -uan --json >/dev/null").stdout)
    for chosen, one in held:
        lines = [line for line in text.splitlines() if f":{one.getsockname()[1]} " in line]
        if len(lines) != 1 or len(lines[0].split()) != 5:
            campaign.find(f"ss -uan: {lines} for a socket at {chosen!r}")
        else:
            printed = lines[0].split()[3].removeprefix("0.0.0.0%").rpartition(":")[0]
            check_filter(campaign, "ss -uanH dev", printed, f":{one.getsockname()[1]} ", chosen)
        one.close()
        subprocess.run([b"ip", b"link", b"del", b"dev", chosen], check=False, capture_output=True)
    campaign.tried(len(held))
    campaign.count("interfaces", len(held))


def main():
    if sys.argv[1:2] == ["--hold"]:
        hold(bytes.fromhex(sys.argv[2]))
        return
    in_namespaces(["-Urnmpf", "--mount-proc"], "ip link set lo up")
    campaign = Campaign(tries=2000)
    random = campaign.random
    while campaign.goes_on():
        unix_sockets(campaign, random)
        processes(campaign, random)
        interfaces(campaign, random)
    campaign.end()


main()
