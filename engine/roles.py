"""Who may do what: four roles, given in the configuration to users and to groups of the operating system."""

import grp
import os
import pwd
from dataclasses import replace
from enum import IntEnum
from pathlib import Path

from engine.configuration.file import load
from engine.configuration.models import Config, RolesConfig
from engine.errors import ConfigurationError, NotAllowed
from engine.workspace import Workspace

NOBODY = ""
"""A login that nobody has."""


class Role(IntEnum):
    """What a person may do; each role may do what those before it may."""

    VIEWER = 1
    """See everything, change nothing."""
    OPERATOR = 2
    """Run, stop, handle the queue, keep, defer and withdraw."""
    APPROVER = 3
    """Approve deletions, and release what a gate holds."""
    ADMINISTRATOR = 4
    """Join and exclude by hand, restore, look after the store."""

    def __str__(self) -> str:
        return self.name.lower()


def role_of(config: Config, operator: str) -> Role:
    """Give the highest role of an operator; without `[roles]` everybody is an administrator."""
    return role_among(config.roles, operator)


def role_among(roles: RolesConfig | None, operator: str) -> Role:
    """Give the highest role of an operator among some roles."""
    if roles is None:
        return Role.ADMINISTRATOR
    groups = groups_of(operator)
    for role in sorted(Role, reverse=True):
        named: list[str] = getattr(roles, str(role))
        if operator in named or any(f"@{group}" in named for group in groups):
            return role
    return Role.VIEWER


def require(config: Config, operator: str, role: Role, what: str) -> None:
    """Raise `NotAllowed`, with a sentence that says who may, unless the operator has a role."""
    if reason := refusal(config, operator, role, what):
        raise NotAllowed(reason)


def refusal(config: Config, operator: str, role: Role, what: str) -> str:
    """Say why an operator's role does not let them do something; nothing if it does."""
    has = role_of(config, operator)
    if has >= role:
        return ""
    return f"{operator} is {_a(has)} here, and only {_a(role)} may {what}: see [roles] in the configuration"


def _a(role: Role) -> str:
    return f"{'an' if str(role)[0] in 'aeiou' else 'a'} {role}"


def groups_of(operator: str) -> set[str]:
    """Give the groups that a login belongs to; none for one that the operating system does not know."""
    try:
        ids = os.getgrouplist(operator, pwd.getpwnam(operator).pw_gid)
    except (KeyError, ValueError):
        return set()
    return {name for one in ids if (name := _group(one))}


def with_roles_of(workspace: Workspace, path: Path) -> Workspace:
    """Give a workspace with the roles that its configuration file gives by now.

    Where the file is wrong, or not there, nobody has another role than to look: what it says is not known.
    """
    try:
        roles = load(path)[0].roles
    except ConfigurationError:
        roles = workspace.config.roles and RolesConfig(administrator=[NOBODY])
    return replace(workspace, config=workspace.config.model_copy(update={"roles": roles}))


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return ""
