#!/usr/bin/python
from __future__ import annotations

DOCUMENTATION = r"""
module: wait_for_socket
short_description: Wait until a socket is there, or gone
description:
  - Waits with the C(portwatch) of this project, which the collection carries along and removes afterwards. It looks
    at the tables of the kernel and connects to nothing, so the server that is waited for sees no connection.
  - Ports are TCP sockets that listen, UDP sockets that are bound and unix sockets that listen.
  - In check mode nothing is waited for, since what should open the port was not done.
options:
  filter:
    description:
      - What to wait for, as C(:8080), C(/run/app.sock), or an expression of C(ss) such as
        C(sport = :443 and src 192.0.2.1).
    type: str
    required: true
  state:
    description: Whether a socket has to be there or gone.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds after which the task fails.
    type: int
    default: 300
  executable:
    description: The path of an installed C(portwatch); without it the carried one, and then that in C(PATH).
    type: path
author:
  - the authors of ss-cli
"""

EXAMPLES = r"""
- name: Wait for the server
  ss_cli.net.wait_for_socket:
    filter: ':8080'
    timeout: 20
"""

RETURN = r"""
elapsed:
  description: Seconds that were waited.
  returned: always
  type: float
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ss_cli.net.plugins.module_utils import program

TIMED_OUT = 124


def main():
    module = AnsibleModule(
        argument_spec={
            "filter": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "timeout": {"type": "int", "default": 300},
            **program.ARGUMENTS,
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False, skipped=True, elapsed=0.0, msg="nothing is waited for in check mode")
    path = program.find(module, "portwatch")
    what = "--wait" if module.params["state"] == "present" else "--gone"
    begin = time.monotonic()
    # The filter is the value of the option, whatever it begins with.
    command = [path, f"--timeout={module.params['timeout']}s", what, module.params["filter"]]
    status, _, stderr = module.run_command(command)
    elapsed = round(time.monotonic() - begin, 3)
    if status == TIMED_OUT:
        state = module.params["state"]
        module.fail_json(msg=f"no socket is {state} after {elapsed} s: {module.params['filter']}", elapsed=elapsed)
    if status != 0:
        module.fail_json(msg=stderr.strip(), rc=status, elapsed=elapsed)
    module.exit_json(changed=False, elapsed=elapsed)


if __name__ == "__main__":
    main()
