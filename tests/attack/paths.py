#!/usr/bin/env python3
"""Tries paths that lead out of the granted directories, with every command that takes a path.

Files outside contain words that no path contains. It is a finding if one of these words is printed, or if something
outside has changed. Half of the tries are unconfined, which tests the first layer alone.
"""

import os
import stat
import tempfile

from attack import READ_ONLY, Campaign, in_namespaces

CONTENT, NAME = "content-beyond-the-grant", "name-beyond-the-grant"

READING = """cat {p}|head -c 99 {p}|tail -n 3 {p}|grep -r beyond {p}|grep -rh . {p}|find {p}|find -L {p} -maxdepth 4
ls {p}|ls -lR {p}|ls -la {p}/|wc {p}|sort {p}|tac {p}|rev {p}|nl {p}|od -c {p}|xxd {p}|hexdump -C {p}|strings {p}
base64 {p}|md5sum {p}|sha256sum {p}|cut -c1-99 {p}|sed -n p {p}|awk 1 {p}|awk '{{ getline x < "{p}"; print x }}'
diff {p} file|cmp {p} file|comm {p} file|join {p} file|paste {p}|split {p}|uniq {p}|tr a a < {p}|read x < {p}; echo $x
. {p}|source {p}|bash {p}|mapfile x < {p}; echo "${{x[@]}}"|echo $(< {p})|echo {p}/*|echo {p}*|stat {p}|file {p}
tar cf - {p} {p}|tar czf x.tgz {p}; tar xzOf x.tgz|zip -r x.zip {p}; unzip -p x.zip|gzip -c {p}|bzip2 -c {p}
jq -R . {p}|csv {p}|less {p}|tree {p}|du -a {p}|fold {p}|fmt {p}|expand {p}|column {p}|tsort {p}|shuf {p}|rg . {p}
cd {p}; ls; cat *|cd {p} && pwd -P && echo *|pushd {p}; echo *|env -C {p} ls|realpath {p}|readlink -f {p}
dd if={p}|cp {p} copy; cat copy|cp -r {p} copies; find copies; cat copies/*|cp -L {p} copy2; cat copy2
mv {p} moved; cat moved|ln {p} hard; cat hard|ln -s {p} soft; cat soft soft/*|install {p} there; cat there
patch -p0 file {p}|xargs -a {p}|egrep . {p}|fgrep e {p}|test -r {p} && cat {p}|dirs {p}|csv -f {p}|yq . {p}|tomlq . {p}
date -f {p}|cksum {p}|b2sum {p}|unexpand {p}|numfmt < {p}|tee < {p}|cat < {p} < {p}|while read x; do echo $x; done < {p}"""

WRITING = """echo a > {p}|echo a >> {p}|: > {p}|echo a >| {p}|echo a | tee {p}|tee -a {p} < file|touch {p}|touch {p}/new
mkdir {p}/new|mkdir -p {p}/a/b|rm {p}|rm -rf {p}|rm -r {p}/|rmdir {p}|mv file {p}|mv {p} away|mv sub {p}/|cp file {p}
cp -r sub {p}|ln -s file {p}|ln file {p}|ln -sf file {p}/l|chmod 777 {p}|chmod -R 000 {p}|chown 0 {p}|chgrp 0 {p}
truncate -s 0 {p}|sed -i s/o/0/ {p}|dd if=file of={p}|split file {p}/x|sort -o {p} file|mktemp -p {p}|mkfifo {p}/f
install file {p}|unlink {p}|gzip {p}|gunzip {p}|tar xf evil.tar -C {p}|tar cf {p} file|unzip x.zip -d {p}|zip {p} file
cd {p} && echo a > marker|exec 3> {p}; echo a >&3|exec 3<> {p}; echo a >&3|find {p} -delete|find {p} -exec rm {{}} +
awk 'BEGIN {{ print "a" > "{p}" }}'|patch {p} < file|curl -o {p} file:///etc/passwd|sed -n 'w {p}' file|yes | head > {p}"""

LINKS = {
    "absolute": "{top}/outside/secret", "up": "../outside/secret", "absolute_dir": "{top}/outside",
    "up_dir": "../outside", "parent": "..", "sub/grandparent": "../..", "chain": "chain2",
    "chain2": "sub/chain3", "sub/chain3": "../up", "sub/back": "..", "root": "/", "loop": "loop",
    "proc_root": "/proc/self/root", "proc_cwd": "/proc/self/cwd", "proc_fd": "/proc/self/fd",
    "to_marker": "{top}/outside/marker", "new": "{top}/outside/new", "inside": "sub/inner",
}


def plant(top):
    for directory in ["granted/sub/deeper", "readonly/sub", "outside/dir"]:
        os.makedirs(f"{top}/{directory}")
    contents = {
        "granted/file": "a file\n", "granted/sub/inner": "inner\n", "readonly/file": "read\n",
        "outside/secret": f"{CONTENT}\n", "outside/marker": f"{CONTENT}\n",
        f"outside/{NAME}": f"{CONTENT}\n", "outside/dir/file": f"{CONTENT}\n",
        f"outside/dir/{NAME}": f"{CONTENT}\n",
    }
    for path, content in contents.items():
        with open(f"{top}/{path}", "w", encoding="utf-8") as file:
            file.write(content)
    for link, target in LINKS.items():
        os.symlink(target.format(top=top), f"{top}/granted/{link}")
    for link in ["up", "up_dir", "parent"]:
        os.symlink(LINKS[link], f"{top}/readonly/{link}")
    # An archive whose members leave the directory.
    with open(f"{top}/granted/evil.tar", "wb") as file:
        for name in ["../outside/marker", f"{top}/outside/marker", "up_dir/marker"]:
            header = bytearray(512)
            header[:len(name)] = name.encode()
            header[100:108], header[124:136] = b"0000644\0", b"00000000004\0"
            header[156], header[257:263], header[148:156] = 48, b"ustar\0", b" " * 8
            header[148:156] = b"%06o\0 " % sum(header)
            file.write(bytes(header) + b"evil".ljust(512, b"\0"))
        file.write(bytes(1024))


def outside(top):
    """Returns everything that must not change."""
    state = {}
    for base in ["outside", "readonly"]:
        for above, directories, files in os.walk(f"{top}/{base}"):
            for path in [above, *(f"{above}/{name}" for name in directories + files)]:
                info = os.lstat(path)
                content = b""
                if stat.S_ISREG(info.st_mode):
                    with open(path, "rb") as file:
                        content = file.read()
                facts = (info.st_mode, info.st_uid, info.st_gid, info.st_nlink, info.st_mtime_ns)
                state[path] = (*facts, content)
    return state


def path_of(random, top):
    """Returns a random path, which would usually lead out if it were followed."""
    parts = ["..", ".", "", "sub", "sub/deeper", "file", "granted", "outside", "secret", "marker", "dir", *LINKS]
    begins = [
        "", "./", "../", f"{top}/granted/", f"{top}/readonly/", f"{top}/outside/", f"{top}/", "/", "//",
        f"/proc/self/root{top}/", "/proc/self/cwd/", "/proc/self/fd/", "/proc/thread-self/root/", "/dev/fd/",
        f"{top}/granted/../", f"{top}/granted/sub/../../", f"{top}/readonly/../granted/",
    ]
    middle = "/".join(random.choice(parts) for _ in range(random.randrange(6)))
    ends = ["", "", "/", "/.", "/..", "//", "/secret", "/marker", "/dir/file", "/*"]
    path = random.choice(begins) + middle + random.choice(ends)
    if random.random() < 0.05:
        path = "./" * random.randrange(2000) + path
    return path or "."


def run(campaign, options, top, lines):
    """Returns the output of all these lines. If a command ends the script, the other lines are run by another one."""
    output, rest = "", list(enumerate(lines))
    while rest:
        script = "\n".join([f"cd {top}/granted", *(f"echo @{number}\n{line}" for number, line in rest)])
        ran = campaign.shell(options, script)
        printed = (ran.stdout + ran.stderr).decode(errors="replace")
        output += printed
        begun = [int(line[1:]) for line in printed.splitlines() if line[:1] == "@" and line[1:].isdigit()]
        last = max(begun, default=rest[0][0])
        if last != rest[-1][0]:
            campaign.count("scripts that a command ended")
        rest = [entry for entry in rest if entry[0] > last]
    return output


def check_words(campaign):
    """Checks that a leak would be detected."""
    with tempfile.TemporaryDirectory() as made:
        top = os.path.realpath(made)
        plant(top)
        ran = campaign.shell(["--allow-path", f"{top}/outside"], f"cd {top}/outside; cat secret; ls")
        assert CONTENT.encode() in ran.stdout and NAME.encode() in ran.stdout, ran


def main():
    in_namespaces(*READ_ONLY)
    campaign = Campaign(tries=6000)
    random = campaign.random
    check_words(campaign)
    reading, writing = ([form for line in forms.splitlines() for form in line.split("|") if "{p}" in form]
                        for forms in (READING, WRITING))
    while campaign.goes_on():
        with tempfile.TemporaryDirectory() as made:
            top = os.path.realpath(made)
            plant(top)
            before = outside(top)
            lines = []
            for _ in range(100):
                form = random.choice(random.choice([reading, writing]))
                lines.append(f"( {form.format(p=path_of(random, top))} ) 2>&1")
            options = ["--allow-path", f"{top}/granted:rw", "--allow-path", f"{top}/readonly"]
            if random.random() < 0.5:
                options.append("--no-confine")
            output = run(campaign, [*options, "--timeout", "200s"], top, lines)
            campaign.tried(len(lines))
            if CONTENT in output or NAME in output:
                shown = [line for line in output.splitlines() if CONTENT in line or NAME in line]
                campaign.find(f"printed: {shown[:3]} by {lines}")
            if outside(top) != before:
                campaign.find(f"changed what is outside: {lines}")
            campaign.count("lines of output", output.count("\n"))
    campaign.end()


main()
