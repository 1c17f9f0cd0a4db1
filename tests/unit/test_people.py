"""Roles: by user and by group of the operating system, the highest one; without roles everybody may do everything."""

import grp
import os
import pwd

import pytest

from engine.configuration.models import Config, RolesConfig
from engine.errors import NotAllowed
from engine.roles import Role, require, role_of


def config(**roles: list[str]) -> Config:
    named = RolesConfig(**roles) if roles else None
    return Config.model_construct(systems={}, roles=named)


def test_without_roles_everybody_is_an_administrator() -> None:
    assert role_of(config(), "whoever") is Role.ADMINISTRATOR


def test_whoever_is_not_named_looks_on() -> None:
    assert role_of(config(administrator=["ann"]), "bob") is Role.VIEWER


def test_the_highest_role_counts() -> None:
    roles = config(viewer=["ann"], operator=["ann", "bob"], approver=["ann"], administrator=["carla"])
    assert role_of(roles, "ann") is Role.APPROVER
    assert role_of(roles, "bob") is Role.OPERATOR
    assert role_of(roles, "carla") is Role.ADMINISTRATOR


def test_groups_of_the_operating_system_count() -> None:
    me = pwd.getpwuid(os.getuid())
    group = grp.getgrgid(me.pw_gid).gr_name
    assert role_of(config(approver=[f"@{group}"], administrator=["nobody-else"]), me.pw_name) is Role.APPROVER
    assert role_of(config(approver=["@no-such-group"], administrator=["nobody-else"]), me.pw_name) is Role.VIEWER


def test_a_refusal_says_who_may() -> None:
    roles = config(operator=["bob"], administrator=["ann"])
    require(roles, "ann", Role.APPROVER, "approve")
    with pytest.raises(NotAllowed, match="bob is an operator here, and only an approver may approve"):
        require(roles, "bob", Role.APPROVER, "approve")
