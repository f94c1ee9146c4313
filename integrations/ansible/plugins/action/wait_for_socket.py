# Copies the program to the machine for the module with this name.

from __future__ import annotations

from ansible_collections.ss_cli.net.plugins.plugin_utils.carry import CarryingAction


class ActionModule(CarryingAction):
    program = "portwatch"
