#!/usr/bin/python
from __future__ import annotations

DOCUMENTATION = r"""
module: sockets
short_description: List sockets of a machine
description:
  - Lists sockets with the C(ss) of this project, which the collection carries along and removes afterwards.
  - Nothing is changed, so check mode lists too.
options:
  families:
    description: The families to list; without them all that C(ss) lists.
    type: list
    elements: str
    choices: [inet, inet6, unix, link, netlink, vsock, xdp]
    default: []
  states:
    description: The states to list, such as V(established), V(close-wait), V(listening) or V(all).
    type: list
    elements: str
    default: []
  filter:
    description: An expression of C(ss), such as C(sport = :443 and dst 192.0.2.0/24).
    type: str
    default: ''
  processes:
    description:
      - Look for the processes that have a socket open. Those of other users are seen by root alone; whether
        some may be missing is in RV(problems). A process is its number, name and user; command lines, which may
        hold passwords, are not returned.
    type: bool
    default: false
  all_namespaces:
    description:
      - List every network namespace of the machine. Each socket then has its C(namespace).
      - Namespaces of other users are entered by root alone; whether some are missing is in RV(problems).
    type: bool
    default: false
  peers:
    description:
      - Find the socket at the other end of each connection that stays on the machine, as C(inode) in its C(peer),
        with O(processes) as C(processes) too.
    type: bool
    default: false
  limit:
    description: List so many sockets at most; RV(left_out) is how many more there are.
    type: int
  executable:
    description: The path of an installed C(ss) of this project; without it the carried one, and then that in C(PATH).
    type: path
author:
  - the authors of ss-cli
"""

EXAMPLES = r"""
- name: Find what was not closed
  ss_cli.net.sockets:
    families: [inet, inet6]
    states: [close-wait]
    processes: true
  register: found
  become: true

- name: Say which process leaks
  ansible.builtin.debug:
    msg: "{{ found.sockets | map(attribute='processes') | flatten | map(attribute='name') | unique }}"
  when: found.sockets | length > 100
"""

RETURN = r"""
sockets:
  description: The sockets, each as C(ss.schema.json) describes it.
  returned: success
  type: list
  elements: dict
complete:
  description: Whether they are all that were selected.
  returned: success
  type: bool
left_out:
  description: How many were left out by O(limit).
  returned: success
  type: int
problems:
  description: What could not be read, and why processes may be missing.
  returned: success
  type: list
  elements: str
"""

import json

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ss_cli.net.plugins.module_utils import program


def command(params, path):
    """Returns the command line of one pass."""
    # The last object of a pass shows that it is complete, which a plain listing does not have.
    words = [path, "--json-lines", "--every", "1s", "--count", "1"]
    for family in params["families"]:
        words += ["-f", family]
    if params["processes"]:
        words.append("-p")
    if params["all_namespaces"]:
        words.append("--all-namespaces")
    if params["peers"]:
        words.append("--peers")
    if params["limit"] is not None:
        words += ["--limit", str(params["limit"])]
    # The words after this are not options, whatever they begin with.
    words.append("--")
    for state in params["states"]:
        words += ["state", state]
    if params["filter"]:
        words.append(params["filter"])
    return words


def main():
    module = AnsibleModule(
        argument_spec={
            "families": {
                "type": "list",
                "elements": "str",
                "default": [],
                "choices": ["inet", "inet6", "unix", "link", "netlink", "vsock", "xdp"],
            },
            "states": {"type": "list", "elements": "str", "default": []},
            "filter": {"type": "str", "default": ""},
            "processes": {"type": "bool", "default": False},
            "all_namespaces": {"type": "bool", "default": False},
            "peers": {"type": "bool", "default": False},
            "limit": {"type": "int"},
            **program.ARGUMENTS,
        },
        supports_check_mode=True,
    )
    path = program.find(module, "ss")
    status, stdout, stderr = module.run_command(command(module.params, path))
    sockets = [json.loads(line) for line in stdout.splitlines()]
    end = sockets.pop() if sockets and "complete" in sockets[-1] else None
    if end is None:
        module.fail_json(msg=stderr.strip() or "the listing was cut off", rc=status)
    for socket in sockets:
        del socket["pass"], socket["time"]
    # With a filter for processes, a hint may precede the pass.
    problems = end.get("problems", []) + stderr.splitlines()
    module.exit_json(
        changed=False,
        sockets=sockets,
        complete=end["complete"],
        left_out=end.get("left_out", 0),
        problems=problems,
    )


if __name__ == "__main__":
    main()
