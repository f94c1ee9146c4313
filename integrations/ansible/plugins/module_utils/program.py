# Runs the program for both modules.

from __future__ import annotations

import os

# What the version of iproute2's ss, which has no JSON, does not contain.
MARK = "ss-builtin"

ARGUMENTS = {
    "executable": {"type": "path"},
}


def find(module, name):
    """Returns the path of the program, or fails."""
    path = module.params["executable"] or module.get_bin_path(name)
    if path is None:
        module.fail_json(msg=f"there is no {name} on this machine: {CARRY}")
    if not os.access(path, os.X_OK):
        module.fail_json(msg=f"{path} cannot be executed")
    status, stdout, stderr = module.run_command([path, "-V"])
    if status != 0 or (name == "ss" and MARK not in stdout):
        said = (stdout or stderr).strip()
        module.fail_json(msg=f"{path} is not the {name} of this project, but {said!r}: {CARRY}")
    return path


CARRY = "name one with executable, or build the collection with the program in it"
