"""Runs each command of docs/agents.md with the tool `run_script`, in a namespace with its situation.

    agents.py SS-MCP AGENTS.MD
"""

import asyncio
import os
import socket
import sys
import tempfile

from client import client, listener
from raw import loopback_up


def commands(path):
    with open(path) as file:
        return [line[4:].rstrip("\n") for line in file if line.startswith("    ")]


async def main():
    loopback_up()
    with tempfile.TemporaryDirectory() as directory, listener(port=8080) as opened:
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        unix.bind(f"{directory}/service.sock")
        unix.listen(1)
        # A connection that stays open, with three unread bytes.
        talking = socket.create_connection(("127.0.0.1", 8080))
        talked, _ = opened.accept()
        talking.sendall(b"abc")
        # A connection whose other end is closed.
        leaving = socket.create_connection(("127.0.0.1", 8080))
        left, _ = opened.accept()
        leaving.close()
        while left.recv(1):
            pass

        pid = f"pid={os.getpid()}"
        expected = [
            ["LISTEN", "127.0.0.1:8080", pid],
            ["LISTEN", "ESTAB", "CLOSE-WAIT", pid],
            ["2 ESTAB", "1 LISTEN", "1 CLOSE-WAIT"],
            ["127.0.0.1:8080", pid],
            [f"[3,8080,{talking.getsockname()[1]}]\n"],
            ["127.0.0.1\n"],
            ["ESTAB", "rtt:"],
            [f"{directory}/service.sock\n"],
            ["TCP:", "estab 3"],
            ["LISTEN", "127.0.0.1:8080"],
        ]
        found = commands(sys.argv[2])
        assert len(found) == len(expected), found
        async with client("--grant", "sockets,processes") as connected:
            for command, words in zip(found, expected):
                result = await connected.call_tool("run_script", {"script": command})
                answer = result.structured_content
                assert answer["exit_code"] == 0 and answer["stderr"] == "", (command, answer)
                assert answer["complete"], (command, answer)
                for word in words:
                    assert word in answer["stdout"], (command, word, answer)
                print(f"ok {command}")
        for one in [unix, talking, talked, left]:
            one.close()


if __name__ == "__main__":
    asyncio.run(main())
