"""What an approval would lead to, as lines to read: the totals, then a tree for each item."""

from collections.abc import Iterator
from typing import Any

from tui.presentation.display import display

NAMES = 6
"""Attributes that are named before they are only counted."""


def foresight(found: dict[str, Any]) -> list[str]:
    """Give the lines: totals first, worst first; then what follows for each item, and for those not asked about."""
    count = found["items"]
    lines = [f"Approving {count:,} item{'s' * (count != 1)} would lead to, across all systems:"]
    nothing = "nothing is joined to them" if count else "no such item waits"
    lines += [f"  {total_line(total)}" for total in found["totals"]] or [f"  nothing: {nothing}"]
    for tree in found["trees"]:
        lines += ["", *branch_lines(tree)]
    if count > len(found["trees"]):
        lines += ["", f"… and {count - len(found['trees']):,} items more: --limit shows them"]
    if found["others"]:
        lines += ["", "and for whoever refers to them:"]
        lines += [line for tree in found["others"] for line in branch_lines(tree)]
    return lines


def followed(found: dict[str, Any]) -> Iterator[str]:
    """Give what a decision by hand would lead to, a line each."""
    for says in found["says"]:
        yield display(says)
    if not found["totals"]:
        yield "nothing else would follow"
    for total in found["totals"]:
        yield total_line({**total, "where": total["system"], "later": False})
    for change in found["changes"]:
        names = [display(one["name"]) for one in change["attributes"]]
        shown = ", ".join(names[:NAMES]) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")
        what = (
            change["operation"] if change["outcome"] in ("", "sent") else f"{change['operation']} ({change['outcome']})"
        )
        yield f"  {what} {display(change['name'], 60)} in {display(change['system'])}{f': {shown}' if shown else ''}"
    for error in found["errors"]:
        yield f"  {error['code']}: {display(error['label'], 60)}: {display(error['message'])}"


def total_line(total: dict[str, Any]) -> str:
    """Give one total."""
    later = "  when grace has ended" if total["later"] else ""
    return f"{total['objects']:>9,}  {display(total['where'])}.{display(total['type'])}  {total['what']}{later}"


def branch_lines(branch: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """Give a branch and what follows from it, a line each."""
    names = [display(name) for name in branch["attributes"]]
    shown = ", ".join(names[:NAMES]) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")
    changed = f": {shown}" if names else ""
    later = " (when grace has ended)" if branch["later"] else ""
    what = f"{branch['what']} {display(branch['name'], 90)} in {display(branch['where'])}{changed}{later}"
    yield f"{'    ' * depth}{branch['id']}  {what}"
    for inner in branch["follows"]:
        yield from branch_lines(inner, depth + 1)
