"""What each role may do; the table is beside the operations that it is about, in `hub.api`."""

from hub.api.rights import RIGHTS, Right, Role, roles_with

__all__ = ["RIGHTS", "Right", "Role", "roles_with"]
