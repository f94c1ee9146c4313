"""Prints docs/mcp-session.md: a session with the server, message by message.

    unshare -rn python3 hosts/mcp/tests/session.py target/debug/ss-mcp >docs/mcp-session.md

It needs no SDK.
"""

import json
import socket
import subprocess
import sys

from raw import handshake, loopback_up, send

QUESTIONS = [
    ("What is granted?", "policy", {}),
    ("Who listens?", "listening_ports", {}),
    ("How many sockets are in which state?", "socket_summary", {}),
    ("Which connections has a program not closed?", "list_sockets", {
        "tables": ["tcp"], "states": ["close-wait"], "fields": ["state", "local", "peer", "processes"]}),
    ("What does a wrong filter answer?", "list_sockets", {"filter": "sprot = :8080"}),
    ("Wait for a port that does not open", "wait_for_port", {"target": ":9090", "timeout_ms": 1200}),
    ("Run a script", "run_script", {
        "script": "ss -tanH | awk '{print $1}' | sort | uniq -c; cat /etc/shadow"}),
]


def shown(message):
    message = dict(message)
    message.pop("jsonrpc", None)
    result = message.get("result")
    if result and "content" in result:
        # A copy for clients without structured content.
        result["content"] = "…"
    return json.dumps(message, indent=1, ensure_ascii=False)


def main():
    loopback_up()
    listener = socket.create_server(("127.0.0.1", 8080))
    leaving = socket.create_connection(("127.0.0.1", 8080))
    left, _ = listener.accept()
    leaving.close()
    while left.recv(1):
        pass
    arguments = ["--grant", "sockets,processes"]
    running = subprocess.Popen(
        [sys.argv[1], *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    print("# A session with ss-mcp\n")
    print("Recorded in a network namespace where a program listens on port 8080 and has not closed a connection that")
    print("its peer has closed. `jsonrpc` and the text that repeats each result are left out. The server was started as")
    print(f"`ss-mcp {' '.join(arguments)}`. To record it again:\n")
    print("    unshare -rn python3 hosts/mcp/tests/session.py target/debug/ss-mcp >docs/mcp-session.md")
    ask(running, "Handshake", {"method": "initialize", "id": 0, "params": handshake("2025-11-25")})
    send(running, [{"method": "notifications/initialized"}])
    for number, (title, tool, given) in enumerate(QUESTIONS, 1):
        params = {"name": tool, "arguments": given}
        if tool == "wait_for_port":
            params["_meta"] = {"progressToken": "p"}
        ask(running, title, {"method": "tools/call", "id": number, "params": params})
    running.stdin.close()
    assert running.wait(300) == 0
    left.close()


def ask(running, title, message):
    print(f"\n## {title}\n\n```json\n→ {shown(message)}")
    send(running, [message])
    while True:
        answer = json.loads(running.stdout.readline())
        print(f"← {shown(answer)}")
        if answer.get("id") == message["id"]:
            break
    print("```")


main()
