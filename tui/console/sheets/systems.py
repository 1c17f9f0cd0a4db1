"""The systems as configured, with the objects of each by status."""

from collections.abc import Mapping
from typing import Any

from tui import feed
from tui.console.sheets.layout import Document, fact, named, prose, section
from tui.console.widgets.sheet import SheetLine
from tui.presentation import tones
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs


def systems(
    found: Document,
    counts: feed.Counts | None,
    kept_back: Mapping[str, str],
    checked: list[tuple[str, feed.CheckLine]],
    width: int,
) -> list[SheetLine]:
    """Show every system, with what keeps its exports back, the rules and the profiles."""
    lines: list[SheetLine] = []
    for name, system in found["systems"].items():
        lines += section(name, note=system["connector"])
        for key, value in system["options"].items():
            lines += fact(key, _short(value), width)
        for kind, settings in system["objects"].items():
            lines += fact(kind, ", ".join(f"{key} {_short(value)}" for key, value in settings.items()), width)
        for key, value in system["said"].items():
            lines += fact(key, _short(value), width)
        lines += fact("deletions", _short(system["deletions"]), width)
        lines += fact("exports", _short(system["exports"]), width)
        lines += _counts(name, counts, width)
        lines += fact("waiting", kept_back.get(name, ""), width, tone="warn") if kept_back.get(name) else []
        lines += _checks(name, checked, width)
    lines += section("Rules", note=f"{len(found['rules'])}, in the order of their priority")
    for rule in found["rules"]:
        lines += named("", f"{rule['name']}: {rule['from']} {glyphs().arrow} {rule['to']}", width, 1)
    lines += section("Profiles")
    for name, steps in found["profiles"].items():
        lines += prose(name, ", ".join(steps), width)
    return lines[1:]


def _counts(name: str, counts: feed.Counts | None, width: int) -> list[SheetLine]:
    if counts is None:
        return []
    lines = []
    for system, kind, state, count in counts.systems:
        if system == name:
            words, tone = tones.status(state)
            lines += fact("", f"{count:>11,} {kind}  {words}", width, tone=tone)
    for system, change, status, held, count in counts.exports:
        if system == name:
            what = f"{count:>11,} pending exports: {change.value}, {status.value}" + (", held" if held else "")
            lines += fact("", what, width, tone="accent")
    return lines


def _checks(name: str, checked: list[tuple[str, feed.CheckLine]], width: int) -> list[SheetLine]:
    lines = []
    for system, line in checked:
        if system == name:
            tone = "good" if line.ok else "danger"
            symbol = glyphs().ok if line.ok else glyphs().danger
            lines += prose("test", f"{symbol} {display(line.subject)}: {line.message}", width, tone=tone)
    return lines


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(_short(one) for one in value)
    return str(value)
