"""How accounts leave in stages, as the configuration says it; and what of it would surprise."""

from collections.abc import Iterator
from datetime import timedelta

from engine.connectors.base import CheckLine
from engine.connectors.ldap.bases import Within
from engine.rules.compiled import DELETE, DISABLE, DISCONNECT, MOVE, Leaving, Stage
from engine.values import dn
from engine.workspace import Workspace

_WORDS = {DISABLE: "disabled", MOVE: "moved", DELETE: "deleted", DISCONNECT: "let go of"}


def stage_lines(workspace: Workspace, system: str) -> Iterator[CheckLine]:
    """Tell in which stages the accounts of a system leave, and what of that would surprise."""
    for mvo_type, targets in workspace.rules.leaving.items():
        for target, how in targets.items():
            if target[0] == system and how.is_staged:
                yield CheckLine(True, "leaving", f"'{how.rules[0].name}': {_said(how)}")
                yield from _forgotten(workspace, mvo_type, how)
                yield from _out_of_sight(workspace, target, how)


def _said(how: Leaving) -> str:
    said = ", ".join(f"{_WORDS[stage.do]} {_after(stage.after)}" for stage in how.stages)
    if how.stages[-1].do != DELETE:
        return said
    return f"{said}, asked about {'at the start' if how.stages[-1].asks_at_start else 'then'}"


def _after(after: timedelta) -> str:
    if not after:
        return "at once"
    hours = int(after.total_seconds()) // 3600
    days = after.days
    if after == timedelta(days=days):
        return f"after {days} day{'s' if days > 1 else ''}"
    return f"after {hours} hours" if after == timedelta(hours=hours) else f"after {after}"


def _forgotten(workspace: Workspace, mvo_type: str, how: Leaving) -> Iterator[CheckLine]:
    """Tell where the person is deleted before the account is: who comes back in between is somebody new."""
    deletion, last = workspace.config.deletion_of(mvo_type), how.stages[-1].after
    if deletion.when != "manual" and deletion.grace < last:
        days = -(-last // timedelta(days=1))
        yield CheckLine(
            True,
            "leaving",
            f"'{how.rules[0].name}': a metaverse object is deleted before its account, and who comes back in between "
            f'is a new one; [metaverse.{mvo_type}] deletion = {{ …, grace = "{days}d" }} keeps it so long',
        )


def _out_of_sight(workspace: Workspace, target: tuple[str, str], how: Leaving) -> Iterator[CheckLine]:
    """Name the stages that move accounts to where no import looks for them."""
    settings = workspace.object_type(*target)
    system = workspace.config.systems[target[0]]
    base = getattr(settings.options, "base", None) or getattr(system.options, "base", None)
    for stage in how.stages:
        place = _place(stage)
        if base and place and not Within(base)(place):
            yield CheckLine(
                False,
                "leaving",
                f"'{how.rules[0].name}': it moves accounts to '{place}', and imports look below '{base}': they would "
                "be missing there; let the base hold both places",
            )


def _place(stage: Stage) -> str:
    """Give where a stage moves objects to, as far as that is always the same; nothing where it is not."""
    written = stage.dn.source if stage.dn is not None else ""
    end = written.rpartition("}}")[2]
    try:
        return end.partition(",")[2].strip() if "}}" in written else dn.parent(written) if written else ""
    except dn.InvalidDn:
        return ""
