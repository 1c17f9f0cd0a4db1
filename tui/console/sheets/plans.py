"""A plan: its steps, the kinds of change, the attributes that change; the objects of one of them; one object whole."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tui.console.sheets.layout import Document, broken, fact, named, prose
from tui.console.sheets.planned import first_objects, operation, takes
from tui.console.sheets.planned import where as where_of
from tui.console.widgets.painting import cut
from tui.console.widgets.sheet import SheetLine
from tui.feed.kept_plans import AttributeTotal, KeptPlan, Total, Wanted
from tui.presentation import tones
from tui.presentation.display import display, fit
from tui.presentation.glyphs import glyphs
from tui.presentation.moments import lasting, local_time, seconds_between
from tui.presentation.pieces import Line, Piece
from tui.presentation.statistics import in_words

_NAME, _SIDES = 40, 24
"""Cells of what is counted, refusals included, and of the step in which it happens."""
_WITH_SIDES = 110
"""From this width on there is room for the step."""


class Entry(NamedTuple):
    """One line of the overview, and what it leads to."""

    line: Line
    step: int | None = None
    wanted: Wanted | None = None
    """The changes that it counts."""
    says: str = ""
    """What it says in more words than it has room for."""

    @property
    def is_heading(self) -> bool:
        """Whether it leads to nothing, and says nothing more."""
        return self.step is None and self.wanted is None and not self.says


# Above ---------------------------------------------------------------------------------------------------------------


def headline(plan: KeptPlan, session: Any, width: int) -> list[Line]:
    """Say what the plan is of, how far it is or how it ended, whether it is old, and what became of it."""
    about = plan.about
    if about is None:
        return [[], [(f" {glyphs().running} ", "accent"), ("the store is copied: a plan is a run on a copy of it", "")]]
    lines: list[Line] = [[], cut(_what(about), width)]
    for text, tone in (*_state(plan, session.operator), *_outlook(plan, session)):
        lines += [
            [(f"{' ' if index == 0 else '   '}{part}", tone)] for index, part in enumerate(broken(text, width - 4))
        ]
    return lines


def _what(about: Document) -> Line:
    steps = about["steps"]
    name = about["profile"] or "whole cycle"
    which = f" from {steps[0]} on" if about["first"] and steps else ""
    return [(f" What '{display(name, 40)}'{which} would do", "strong"), (f"  {', '.join(steps)}", "dim")]


def _state(plan: KeptPlan, operator: str) -> Iterable[Piece]:
    about = plan.about or {}
    by = "" if about["operator"] == operator else f" by {about['operator']}"
    if plan.going_on:
        asked = f"; {plan.stop_requested_by} has asked it to stop" if plan.stop_requested_by else "; x stops it"
        doing = (
            "its changes are put in order" if about["sorting"] else f"step {len(plan.steps)} of {len(about['steps'])}"
        )
        yield f"{glyphs().running} being made{by} since {local_time(about['started_at'])}: {doing}{asked}", "accent"
    elif about["failure"]:
        yield f"{glyphs().danger} it came to no end: {about['failure']}", "danger"
    elif about["ended_at"] is None:
        yield f"{glyphs().danger} it came to no end: its process died", "danger"
    else:
        took = lasting(seconds_between(about["started_at"], about["ended_at"]))
        count = sum(one.objects for one in plan.totals)
        would = f"{count:,} change{'s' * (count != 1)}" if count else "nothing would change"
        waits = f", {about['waiting']:,} for the review" if about["waiting"] else ""
        yield f"made{by} {local_time(about['ended_at'])}, in {took}: {would}{waits}", ""


def _outlook(plan: KeptPlan, session: Any) -> Iterable[Piece]:
    """Say what is to be known before it is run, or what became of the run."""
    about = plan.about or {}
    if plan.going_on or about["ended_at"] is None or about["failure"]:
        return
    if (run := about["run"]) is not None:
        yield _became(run, session)
        return
    if (stopped := stopped_in(plan)) is not None:
        step = plan.steps[stopped]
        yield f"{glyphs().held} it would end in '{_name(plan, stopped)}': {step['message'] or step['result']}", "danger"
    for text in plan.moved:
        yield f"{glyphs().danger} old: {text}", "danger"
    if plan.moved:
        yield "P plans anew; an old plan is not run", "warn"
    elif not plan.why_not():
        yield "r runs what was planned, and says where it differed", "accent"
    else:
        yield plan.why_not(), "warn"
    if about["unseen"]:
        names = ", ".join(f"'{display(name, 30)}'" for name in about["unseen"])
        yield f"what changes in {names} meanwhile is not seen before it is read", "dim"


def stopped_in(plan: KeptPlan) -> int | None:
    """Give the place of the step in which the run would end before its last one."""
    reached = len(plan.steps)
    return reached - 1 if 0 < reached < len((plan.about or {"steps": []})["steps"]) else None


def _became(run: Document, session: Any) -> Piece:
    who = f"run-{run['id']}"
    if run["ended"] is None:
        going = session.running is not None and session.running.id == run["id"]
        return (
            (f"{who} carries it out", "accent") if going else (f"{who} was to carry it out, and died: see 7", "danger")
        )
    if not run["differences"]:
        return f"{glyphs().ok} {who} did what was planned, {local_time(run['ended'])}", "good"
    count = len(run["differences"])
    return f"{glyphs().error} {who} differed from the plan in {count:,} way{'s' * (count != 1)}: see below", "warn"


# The overview --------------------------------------------------------------------------------------------------------


def overview(plan: KeptPlan, width: int, *, roomy: bool = False) -> list[Entry]:
    """List what differed, the steps, the kinds of change, and the attributes that change; roomy, with blank lines."""
    run = (plan.about or {}).get("run") or {}
    planned = (plan.about or {}).get("steps", [])
    parts = {
        f"Where run-{run.get('id')} differed": [_difference(one, width) for one in run.get("differences", [])],
        "By step": [_step(place, plan, name, width) for place, name in enumerate(planned)],
        "By kind of change": [_kind(one, plan, width) for one in _worst_first(plan.totals)],
        "By attribute, of objects that stay": [_attribute(one, plan, width) for one in plan.attributes],
    }
    before = [Entry([])] if roomy else []
    return [
        entry
        for title, entries in parts.items()
        if entries
        for entry in (*before, Entry([(f" {title}", "strong")]), *entries)
    ]


def beyond_heading(entries: Sequence[Entry], here: int, *, upwards: bool) -> int:
    """Give the line that a cursor goes on to from a heading: the next on its way, else the nearest."""
    below, above = range(here, len(entries)), range(here, -1, -1)
    ways = (*above, *below) if upwards else (*below, *above)
    return next((line for line in ways if not entries[line].is_heading), here)


def _difference(one: Document, width: int) -> Entry:
    says = f"{one['step']}: {one['says']}"
    return Entry(cut([(f"   {glyphs().error} ", "warn"), (display(says), "")], width), says=says)


def _step(place: int, plan: KeptPlan, name: str, width: int) -> Entry:
    step = plan.steps[place] if place < len(plan.steps) else None
    if step is None:
        symbol, tone, word = glyphs().idle, "dim", ""
        if not plan.going_on and (plan.about or {}).get("ended_at"):
            word = "not reached"
    elif step["result"] is None:
        symbol, tone = tones.lamp("running" if plan.going_on else "danger")
        word = _far(step)
    else:
        said, tone = tones.status(step["result"])
        symbol, _, word = said.partition(" ")
    head: Line = [("   ", ""), (symbol, tone), (" ", ""), (fit(display(name), _NAME - 2), "strong" if step else "dim")]
    count = f"{step['changes']:,}" if step and step["changes"] else ""
    errors = f"  {step['errors']:,} error{'s' * (step['errors'] != 1)}" if step and step["errors"] else ""
    room = max(width - _NAME - 3 - 10, 8)
    line = [*head, (fit(word, max(room - len(errors), 4)), tone), (errors, "danger"), (count.rjust(9), "")]
    wanted = Wanted(place) if count else None
    return Entry(cut(line, width), place, wanted)


def _far(step: Document) -> str:
    return (
        f"{100 * step['done'] // step['total']} %  {step['done']:,} of {step['total']:,}"
        if step["total"]
        else (f"{step['done']:,}" if step["done"] else "begins")
    )


def _worst_first(totals: Sequence[Total]) -> list[Total]:
    return sorted(totals, key=lambda one: (one.step, not takes(one.what), -one.objects, one.what))


def _kind(one: Total, plan: KeptPlan, width: int) -> Entry:
    symbol, tone = operation(one.what)
    where = f"{one.type} in {where_of(one.system)}"
    return Entry(
        _counted(display(symbol), tone, display(where), f"{one.objects:,}", _name(plan, one.step), width),
        None,
        Wanted(one.step, one.system, one.type, told=one.what),
        f"{one.what}: {one.objects:,}, {where}, {_name(plan, one.step)}",
    )


def _attribute(one: AttributeTotal, plan: KeptPlan, width: int) -> Entry:
    counts = becomes(one)
    tone = "danger" if one.emptied else ""
    where = f"{one.type} in {where_of(one.system)}"
    return Entry(
        _counted(f"  {display(one.name)}", tone, display(where), counts, _name(plan, one.step), width),
        None,
        Wanted(one.step, one.system, one.type, attribute=one.name),
        f"{one.name}: {counts}, {where}, {_name(plan, one.step)}",
    )


def becomes(one: AttributeTotal) -> str:
    """Say what becomes of an attribute: `340 change; 12 become empty`."""
    said = [
        f"{count:,} {singular if count == 1 else plural}"
        for count, singular, plural in (
            (one.changed, "changes", "change"),
            (one.set, "is set", "are set"),
            (one.emptied, "becomes empty", "become empty"),
        )
        if count
    ]
    return "; ".join(said)


def _counted(name: str, tone: str, where: str, count: str, step: str, width: int) -> Line:
    """Give a line of a group: what, where, and how many; on a wide screen in which step."""
    sides = _SIDES if width >= _WITH_SIDES else 0
    room = max(width - _NAME - 4 - sides, 12)
    right = max(min(len(count) + 1, room - 6), 9)
    line: Line = [("   ", ""), (fit(name, _NAME), tone), (fit(where, max(room - right, 0)), "dim")]
    line.append((fit(count, right, right=True), tone or "strong"))
    return cut([*line, (f"  {fit(step, sides - 2)}" if sides else "", "dim")], width)


def _name(plan: KeptPlan, step: int) -> str:
    steps = (plan.about or {}).get("steps", [])
    return str(steps[step]) if step < len(steps) else ""


# Beside it -----------------------------------------------------------------------------------------------------------


def step_detail(plan: KeptPlan, place: int, found: Sequence[Document], width: int) -> list[SheetLine]:
    """Show one step: how it would end, what it would count, what would go wrong, and the first objects."""
    lines = [SheetLine([(f" {display(_name(plan, place))}", "strong")])]
    step = plan.steps[place] if place < len(plan.steps) else None
    if step is None:
        return [*lines, *prose("", "not begun" if plan.going_on else "the plan did not come to it", width, tone="dim")]
    if step["result"] is not None:
        word, tone = tones.status(step["result"])
        lines += fact("would end", word, width, tone=tone)
    if step["message"]:
        lines += prose("why", step["message"], width)
    lines += prose("counts", in_words(step["statistics"]) or "nothing to do", width)
    errors = step.get("first_errors", [])
    for error in errors:
        head = f"{error['code']}: {error['label']}"
        lines += [SheetLine([]), *named("", head, width, 1, tone="danger"), *named("", error["message"], width, 3)]
        lines += named("", error["advice"], width, 3, tone="dim")
    if step["errors"] > len(errors):
        lines += named("", f"{glyphs().ellipsis} and {step['errors'] - len(errors):,} more", width, 1, tone="dim")
    return lines + (first_objects(found, None, step["changes"], width) if found else [])


def group_detail(entry: Entry, found: Sequence[Document], width: int) -> list[SheetLine]:
    """Show the first objects of a group."""
    attribute = entry.wanted.attribute if entry.wanted else None
    lines = [SheetLine([(f" {part}", "strong")]) for part in broken(display(entry.says), max(width - 2, 12))]
    return lines + first_objects(found, attribute, None, width)
