# Copies the program to a machine for one task. Runs on the controller.

from __future__ import annotations

import os

from ansible.plugins.action import ActionBase

FILES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "files")


class CarryingAction(ActionBase):
    """Runs the module with this name and a copied program, unless the task names an installed one."""

    TRANSFERS_FILES = True
    # The required name of the program.
    program = ""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        try:
            if not arguments.get("executable"):
                carried = self._carry()
                if carried:
                    arguments["executable"] = carried
            result.update(
                self._execute_module(module_name=self._task.action, module_args=arguments, task_vars=task_vars)
            )
        finally:
            # The directory of this task, with the program in it.
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _carry(self):
        """Returns the path of the copied program, or None if the collection has none for the machine."""
        if not os.path.isdir(FILES):
            return None
        machine = self._low_level_execute_command("uname -m")["stdout"].strip()
        local = os.path.join(FILES, machine, "ss")
        if machine not in os.listdir(FILES) or not os.path.isfile(local):
            return None
        folder = self._connection._shell.tmpdir or self._make_tmp_path()
        remote = self._connection._shell.join_path(folder, self.program)
        self._transfer_file(local, remote)
        self._fixup_perms2((folder, remote))
        return remote
