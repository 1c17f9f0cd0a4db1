"""One run: its steps with their statistics, what a gate held, and how it compares with those before it."""

from collections.abc import Mapping
from typing import Any

from tui import feed
from tui.console.sheets.layout import Document, fact, named, prose, section, stated
from tui.console.widgets.sheet import SheetLine
from tui.presentation import tones
from tui.presentation.display import display
from tui.presentation.moments import lasting, local_time, seconds_between
from tui.presentation.statistics import called

MOST_ERRORS = 1000
"""A run is read with so many item errors at most."""


def run(found: Document, width: int) -> list[SheetLine]:
    """Show a run without its item errors, which are a list of their own."""
    lines = [
        *fact("run", f"{found['id']}: {found['profile']}", width, tone="strong"),
        *stated("result", tones.status(found["result"] or "running"), width),
        *fact("operator", f"{found['operator']} on {found['host']}", width),
        *fact("started", local_time(found["started_at"], precise=True), width),
    ]
    if found["ended_at"]:
        took = lasting(seconds_between(found["started_at"], found["ended_at"]))
        lines += fact("ended", f"{local_time(found['ended_at'], precise=True)}, after {took}", width)
    if found["stop_requested_by"]:
        lines += fact("stop asked by", found["stop_requested_by"], width, tone="warn")
    for batch in found.get("held", []):
        lines += prose("held", f"{batch['gate']}: {batch['arithmetic']}", width, tone="danger")
        for said in batch["in_common"]:
            lines += prose("", said, width, tone="danger")
    for batch in found.get("stopped", []):
        who = f" by {batch['decided_by']}" if batch["decided_by"] else ""
        lines += prose(batch["state"] + who, f"{batch['gate']}: {batch['arithmetic']}", width, tone="warn")
    if count := len(found["errors"]):
        more = "or more " if count >= MOST_ERRORS else ""
        told = f"{count:,} {more}(! lists them)"
        lines += fact("item errors", told, width, tone="danger", link=f"errors-{found['id'][4:]}")
    lines += section("Steps")
    for step in found["steps"]:
        lines += step_lines(step, width)
    return lines


def step_lines(step: Mapping[str, Any], width: int) -> list[SheetLine]:
    """Show a step: result, time, rate, and its statistics in the field's words."""
    result, tone = tones.status(step["result"] or "running")
    name = f"{step['phase']} {step['system']}".strip()
    took = ""
    if step["ended_at"]:
        seconds = seconds_between(step["started_at"], step["ended_at"])
        rate = f", {step['done'] / seconds:,.0f}/s" if seconds > 0 and step["done"] else ""
        took = f"{step['done']:,} objects in {lasting(seconds)}{rate}"
    lines = [SheetLine([(f" {display(name, 24)}", "strong"), (f"  {result}", tone)])]
    if took:
        lines += named("", took, width, 2, tone="dim")
    for word, count in step["statistics"].items():
        if count:
            lines += named("", f"{count:>9,} {called(word, count)}", width, 2)
    if step["message"]:
        lines += prose("", step["message"], width, tone="warn")
    return lines


def object_of(found: Document) -> str | None:
    """Give the id of the object that an error is about, where it has one."""
    if not found["object_id"]:
        return f"mvo-{found['mvo_id']}" if found["mvo_id"] else None
    return f"{'mvo' if found['system'] == 'metaverse' else 'cso'}-{found['object_id']}"


def error(found: Document, width: int) -> list[SheetLine]:
    """Show what went wrong with one object, and what to do."""
    return [
        *fact("object", found["label"], width, tone="strong", link=object_of(found)),
        *fact("error", found["code"], width, tone="danger"),
        *prose("what", feed.with_names(found["message"], found.get("names", {})), width),
        *prose("what to do", feed.with_names(found["advice"], found.get("names", {})), width),
        *fact("system", f"{found['system']}, {found['type']}", width),
        *(fact("position", found["position"], width) if found["position"] else []),
    ]
