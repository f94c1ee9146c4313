"""Shared by the campaigns: the shell, random choices, and findings."""

import argparse
import os
import random
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILT = [f"{ROOT}/target/release/host-shell", f"{ROOT}/target/debug/host-shell"]

# Number of findings that are printed; further ones are only counted.
SHOWN = 20

# Seconds that one run of the shell may take, even on a busy machine.
PATIENCE = 300

# Namespaces in which nothing but /tmp can be changed, whatever a try does.
READ_ONLY = ["-Urm"], "mount -t tmpfs tmpfs /tmp && mount -o remount,bind,ro / || exit 1"


class Campaign:
    """Many random tries of one kind. `end` prints their number and the findings."""

    def __init__(self, tries):
        self.name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
        parser = argparse.ArgumentParser(prog=self.name)
        parser.add_argument("--tries", type=int, default=tries)
        parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
        parser.add_argument("--shell", default=next(filter(os.path.exists, BUILT), BUILT[-1]))
        self.options = parser.parse_args()
        self.program = self.options.shell
        self.random = random.Random(self.options.seed)
        self.made = 0
        self.counts = {}
        self.findings = []

    def goes_on(self):
        return self.made < self.options.tries

    def tried(self, count=1):
        self.made += count

    def count(self, what, count=1):
        """Counts something that is printed beside the number of tries."""
        self.counts[what] = self.counts.get(what, 0) + count

    def find(self, what):
        self.findings.append(what)

    def shell(self, options, script, **more):
        """Runs a script. A shell that crashes, panics or hangs is a finding."""
        command = [self.program, *options, "-c", script]
        more = {"stdin": subprocess.DEVNULL, "capture_output": True, "timeout": PATIENCE, **more}
        try:
            ran = subprocess.run(command, check=False, **more)
        except subprocess.TimeoutExpired:
            self.find(f"no end within {PATIENCE} s: {command}")
            return subprocess.CompletedProcess(command, -1, b"", b"")
        if ran.returncode < 0 or ran.returncode == 134 or b"panicked" in ran.stderr:
            self.find(f"status {ran.returncode}, {ran.stderr[-300:]!r}: {command}")
        return ran

    def end(self):
        seed = f"--seed {self.options.seed} --tries {self.options.tries}"
        more = "".join(f", {number} {what}" for what, number in self.counts.items())
        print(f"{self.name}: {self.made} tries{more}, {len(self.findings)} findings ({seed})")
        for finding in self.findings[:SHOWN]:
            print(f"  {finding}")
        sys.exit(1 if self.findings or not self.made else 0)

    def skip(self, why):
        print(f"{self.name}: SKIPPED, {why}")
        sys.exit(0)


def in_namespaces(options, prepare="true"):
    """Runs this program again in namespaces, once. Returns whether this is the program there."""
    mark = "ATTACK_IN_NAMESPACES"
    if os.environ.get(mark):
        return True
    unshare = ["unshare", *options, "--"]
    if subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode != 0:
        print(f"{os.path.basename(sys.argv[0])}: SKIPPED, {' '.join(unshare)} is refused")
        sys.exit(0)
    script = f'{prepare}; exec "$0" "$@"'
    environment = {**os.environ, mark: "1"}
    os.execvpe("unshare", [*unshare, "sh", "-c", script, sys.executable, *sys.argv], environment)
