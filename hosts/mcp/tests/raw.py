"""Messages without the SDK, and the namespace that the tests run in."""

import fcntl
import json
import socket
import struct


def handshake(version):
    return {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    }


def send(running, messages):
    for message in messages:
        running.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    running.stdin.flush()


def loopback_up():
    """Sets IFF_UP of `lo` in this namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 1)
        fcntl.ioctl(any_socket, 0x8914, request)
