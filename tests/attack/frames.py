#!/usr/bin/env python3
"""Sends invalid requests to brokers, as hostile code in the shell would.

A broker has to answer with frames of the protocol, or to end with one line that gives the reason. It is a finding if
a broker crashes, hangs or writes something else, if it reveals more than its command line allows, or if it sends a
descriptor that was not requested.
"""

import array
import os
import socket
import subprocess

from attack import PATIENCE, Campaign

VERSION, HEADER, MAX_ANSWER = 1, 9, 128 << 20
SECRET = "argument-that-is-not-told"

KINDS = [
    ["processes", "user", "all", "system"], ["processes", "user", "named", "system"], ["namespaces", "names", "system"],
    ["namespaces", "readable", "system"], ["resolver"],
]


def frame(random, message):
    """Returns a frame of a message, which is usually correct."""
    length, sequence = len(message), random.getrandbits(32)
    if random.random() < 0.03:
        length = random.choice([0, 1, length + 1, max(length - 1, 0), 2**24, 2**24 + 1, 2**31, 2**32 - 1])
    version = VERSION if random.random() < 0.99 else random.randrange(256)
    return bytes([version]) + sequence.to_bytes(4, "little") + length.to_bytes(4, "little") + message


def varint(number):
    out = b""
    while number >= 0x80:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def message(random, kind):
    """Returns a message that resembles a request: a correct one, one with a changed value, or random bytes."""
    numbers = [0, 1, 2, 3, 127, 128, 2**16, 2**32 - 1, 2**32, 2**64 - 1, os.getpid()]
    number = lambda: varint(random.choice(numbers))
    text = lambda: random.choice([b"localhost", b"", b"a" * 300, b"../etc/passwd", b"a\0b", b"\xff", b"a b", b"[::1]"])
    if kind[0] == "processes":
        inodes = [varint(random.choice([1, 2**32, random.randrange(1, 10**6)])) for _ in range(random.randrange(4))]
        wanted = random.choice([b"\0", b"\1" + varint(len(inodes)) + b"".join(inodes)])
        details = b"\2"
        made = random.choice([b"\1\0" + wanted + bytes([random.randrange(2)]) + details, b"\1\1" + number(), b"\0"])
    elif kind[0] == "namespaces":
        made = random.choice([
            b"\1\0", b"\1\1" + number() + number(), b"\1\2" + number() + bytes([random.randrange(64)]) + number(), b"\0",
        ])
    else:
        word = text()
        made = random.choice([
            b"\1\0" + varint(len(word)) + word, b"\1\1\0" + bytes(random.randrange(256) for _ in range(4)), b"\0",
        ])
        if b"localhost" in made or made.startswith(b"\1\1"):
            # It would send requests to name servers.
            made = b"\1\0\3a b"
    if random.random() < 0.1:
        made = bytearray(made)
        for _ in range(random.randrange(1, 4)):
            at = random.randrange(len(made) + 1)
            made[at:at + random.randrange(2)] = bytes(random.randrange(256) for _ in range(random.randrange(3)))
        made = bytes(made)
    if random.random() < 0.03:
        made += bytes(random.randrange(256) for _ in range(random.randrange(5000)))
    return made


class Broker:
    def __init__(self, campaign, kind):
        self.campaign, self.kind = campaign, kind
        self.requests, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [campaign.program, "--broker", *kind], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        theirs.close()
        self.sent = b""

    def find(self, what):
        self.campaign.find(f"{self.kind}: {what}, after {self.sent[-200:].hex()}")

    def send(self, data):
        self.sent += data
        try:
            self.requests.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def end(self):
        """Ends sending, and checks everything that was received."""
        self.requests.shutdown(socket.SHUT_WR)
        try:
            answers, errors = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.find("it hangs")
            self.process.kill()
            self.process.communicate()
            return
        status = self.process.returncode
        lines = errors.decode(errors="replace").splitlines()
        if status not in (0, 1) or len(lines) != status or any(not line.startswith("host-shell: ") for line in lines):
            self.find(f"status {status} and {lines}")
        if SECRET.encode() in answers:
            self.find("it revealed a command line")
        count = 0
        while answers:
            length = int.from_bytes(answers[5:9], "little")
            if answers[0] != VERSION or length > MAX_ANSWER or len(answers) < HEADER + length:
                self.find(f"what is no frame: {answers[:40].hex()}")
                break
            answers, count = answers[HEADER + length:], count + 1
        self.campaign.count("answers", count)
        self.descriptors()
        self.requests.close()

    def descriptors(self):
        """Checks received descriptors. Only one broker sends some, which are sockets or tables."""
        self.requests.setblocking(False)
        while True:
            size = array.array("i").itemsize
            try:
                data, rights, *_ = self.requests.recvmsg(64, socket.CMSG_SPACE(16 * size))
            except (BlockingIOError, ConnectionResetError):
                return
            if not data and not rights:
                return
            for _, _, received in rights:
                for descriptor in array.array("i", received[:len(received) // size * size]):
                    link = os.readlink(f"/proc/self/fd/{descriptor}")
                    os.close(descriptor)
                    self.campaign.count("descriptors")
                    is_table = link.startswith("/proc/") and "/net/" in link
                    if self.kind[0] != "namespaces" or not (is_table or link.startswith("socket:")):
                        self.find(f"it sent {link}")


def main():
    campaign = Campaign(tries=3000)
    random = campaign.random
    other = subprocess.Popen(["sh", "-c", "read x", SECRET], stdin=subprocess.PIPE)
    held = socket.create_server(("127.0.0.1", 0))
    try:
        while campaign.goes_on():
            broker = Broker(campaign, random.choice(KINDS))
            for _ in range(random.randrange(1, 30)):
                broker.send(frame(random, message(random, broker.kind)))
                campaign.tried()
            broker.end()
            campaign.count("brokers")
    finally:
        held.close()
        other.communicate()
    campaign.end()


main()
