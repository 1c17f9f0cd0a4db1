"""The Line: the track with its lamps, a row for each step, the detail of one, and what the next key will do."""

from collections.abc import Sequence
from typing import NamedTuple

from tui import feed
from tui.console.cycle import GOING_ON, PHASES, Standing, lamp, lamps, phase_of
from tui.console.plots import bar, spark
from tui.console.session import Session
from tui.console.sheets.layout import broken, fact, prose, section
from tui.console.sheets.pace import Pace
from tui.console.sheets.runs import step_lines
from tui.console.widgets.painting import cut, width_of
from tui.console.widgets.sheet import SheetLine
from tui.presentation import tones
from tui.presentation.display import display, fit
from tui.presentation.glyphs import glyphs
from tui.presentation.moments import lasting, local_time, seconds_between
from tui.presentation.pieces import Line


class State(NamedTuple):
    """All that the Line shows."""

    plans: Sequence[feed.StepPlan]
    found: Standing
    snapshot: feed.Snapshot | None
    counts: feed.Counts | None
    pace: Pace
    alive: bool


def track(state: State, width: int) -> list[Line]:
    """Give the five phases with their lamps, and below each how far it is."""
    shown = lamps(state.plans, state.found, alive=state.alive)
    each = (width - 1) // len(PHASES)
    above: Line = [(" ", "")]
    below: Line = [(" ", "")]
    for number, phase in enumerate(PHASES, 1):
        symbol, tone = tones.lamp(shown[phase])
        last = number == len(PHASES)
        name = f" {number} {phase} "
        rail = "" if last else glyphs().track * max(each - len(name) - 2, 1) + " "
        above += cut([(symbol, tone), (name, "strong"), (rail, "dim")], each)
        below += cut([(f"  {_phase_word(state, phase, shown[phase])}", tone)], each)
    return [above, below]


def _phase_word(state: State, phase: str, shown: str) -> str:
    records = [
        record
        for plan, record in zip(state.plans, state.found.records, strict=True)
        if record is not None and phase_of(plan.phase) == phase
    ]
    if shown == "running":
        step = next(record for record in records if record.result is None)
        return f"{100 * step.done // step.total} %" if step.total else f"{step.done:,}"
    if shown == "idle" and records:
        return f"{len(records)} of {sum(phase_of(plan.phase) == phase for plan in state.plans)} steps"
    return "errors" if any(record.result in GOING_ON for record in records) else shown


def steps(state: State, width: int) -> list[SheetLine]:
    """Give a row for each step: lamp, name, and how it goes or went."""
    lines = []
    for index, (plan, record) in enumerate(zip(state.plans, state.found.records, strict=True)):
        is_next = index == state.found.next_step and not state.alive
        symbol, tone = tones.lamp(lamp(record, alive=state.alive))
        line: Line = [
            (glyphs().cursor if is_next else " ", "accent"),
            (" ", ""),
            (symbol, tone),
            (" ", ""),
            (fit(display(str(plan)), 20), "strong" if is_next else ""),
            (" ", ""),
        ]
        lines.append(SheetLine(line + _course(state, record, max(width - 25, 10))))
    return lines


def _course(state: State, record: feed.StepRecord | None, width: int) -> Line:
    if record is None:
        return [("", "")]
    if record.result is None and state.alive:
        return [(_far(record), "accent")]
    if record.result is None:
        return [(f"died at {record.done:,}", "danger")]
    seconds = seconds_between(record.started_at, record.ended_at or record.started_at)
    symbol, tone = tones.status(record.result)
    objects = f"{record.done:>8,} {lasting(seconds):>6}"
    return [(fit(symbol, max(width - len(objects) - 1, 10)), tone), (objects, "")]


def progress(state: State, record: feed.StepRecord, width: int) -> Line:
    """Give the step that is running: a bar, how far it is, its rate and the time left, and the rate as it went."""
    left = state.pace.left(record)
    rate = f"  {state.pace.rate:,.0f}/s" if state.pace.rate else ""
    time_left = f"  {lasting(left)} left" if left is not None else ""
    name = f" {display(f'{record.phase} {record.system}'.strip(), 24)} "
    words: Line = [(f" {_far(record)}", ""), (rate, "dim"), (time_left, "dim"), ("  ", "")]
    room = width - len(name) - width_of(words)
    pieces: Line = [(name, "strong")]
    if record.total and room >= 8:
        pieces.append((bar(record.done, record.total, min(room, 30)), "accent"))
    room -= 30
    return (
        [*pieces, *words, (spark(list(state.pace.samples), min(room, 30)), "dim")] if room >= 8 else [*pieces, *words]
    )


def _far(record: feed.StepRecord) -> str:
    if not record.total:
        return f"{record.done:,}"
    return f"{100 * record.done // record.total} %  {record.done:,} of {record.total:,}"


def detail(
    plan: feed.StepPlan, record: feed.StepRecord | None, expected: feed.Ahead | None, width: int
) -> list[SheetLine]:
    """Show what a step will do, and its statistics as they grow."""
    lines = [SheetLine([(f" {display(str(plan))}", "strong")])]
    if record is None or record.result is not None:
        lines += prose("would", ahead_in_words(expected) if expected else "not counted yet", width)
    if record is not None:
        lines += section("This round", note=f"run-{record.run_id}, {local_time(record.started_at)}")
        lines += step_lines(record._asdict(), width)[1:] or [SheetLine([("  nothing to do", "dim")])]
    return lines


def ahead_in_words(found: feed.Ahead) -> str:  # noqa: PLR0911 - a sentence for each phase
    """Say what a step would do, to which system, and to how many objects."""
    system = f"'{found.plan.system}'"
    match found.plan.phase:
        case "import" | "delta":
            known = f"{found.objects:,} objects of it are known" if found.objects else "nothing of it is known yet"
            what = "what changed in " if found.plan.phase == "delta" else ""
            return f"read {what}{system}; {known}"
        case "sync":
            more = f", and carry out {found.approved:,} approved absences" if found.approved else ""
            return f"synchronise {found.objects:,} objects{more}"
        case "evaluate":
            return f"evaluate {found.objects:,} metaverse objects; nothing is written to any system"
        case "export":
            waits = f"; {found.waiting:,} others wait (held, retry, approval, failed)" if found.waiting else ""
            if not found.objects:
                return f"write nothing to {system}{waits}"
            parts = [
                f"{count:,} {word}{'s' * (count != 1)}"
                for count, word in (
                    (found.creates, "create"),
                    (found.updates, "update"),
                    (found.renames, "rename"),
                    (found.deletes, "delete"),
                )
                if count
            ]
            return f"write to {system}: {', '.join(parts)}{waits}"
        case "confirm":
            sent = f"confirm {found.updates:,} exports by reading" if found.updates else "read"
            return f"{sent} {system} back; {found.objects:,} objects of it are known"
        case _:
            return f"look for objects missing from the last import of {system}, among {found.objects:,}"


def facts(state: State, session: Session, width: int) -> list[Line]:
    """Say what the next key will do, what was interrupted, and what waits for a person."""
    lines: list[Line] = [[]]
    run = session.running
    if run is not None:
        asked = f"; {run.stop_requested_by} has asked it to stop" if run.stop_requested_by else ""
        lines += [progress(state, record, width) for record in state.found.records if record and not record.result]
        words = f" stops run-{run.id} at its next page boundary (started by {display(run.operator, 20)}{asked})"
        lines.append([(" x", "accent"), (words, "")])
    else:
        lines += _next_keys(state)
    if (dead := session.interrupted) is not None:
        words = f" {glyphs().danger} run-{dead.id} was interrupted{_where(state, dead)}; n goes on from there"
        lines += _wrapped(words, width)
    if state.snapshot is not None:
        for batch in state.snapshot.held[:2]:
            words = f" {glyphs().held} run-{batch.run_id}: {display(batch.arithmetic)} (6 R releases)"
            lines += _wrapped(words, width)
        lines += _given_up(state)
        if waiting := state.snapshot.waiting:
            words = f" {waiting:,} wait{'s' * (waiting == 1)} in the review; nothing is deleted without an approval"
            lines.append([(" 6", "accent"), (words, "warn")])
    return [cut(line, width) for line in lines]


def _given_up(state: State) -> list[Line]:
    given_up = state.counts.left_over.given_up if state.counts else {}
    if not given_up:
        return []
    count = sum(given_up.values())
    codes = ", ".join(f"{code} {number:,}" for code, number in sorted(given_up.items()))
    return [[(" 2", "accent"), (f" {count:,} export{'s are' if count != 1 else ' is'} given up: {codes}", "danger")]]


def _wrapped(text: str, width: int) -> list[Line]:
    return [[(part if index == 0 else f"   {part}", "danger")] for index, part in enumerate(broken(text, width - 3))]


def _next_keys(state: State) -> list[Line]:
    index = state.found.next_step
    if not state.plans:
        return [[(" no step is configured", "warn")]]
    plan = state.plans[index]
    ahead = next((one for one in state.counts.ahead if one.plan == plan), None) if state.counts else None
    what = ahead_in_words(ahead) if ahead else glyphs().ellipsis
    lines: list[Line] = [[(" n", "accent"), (f" {display(str(plan))}: {what}", "")]]
    rest = state.plans[index + 1 :]
    if rest:
        lines.append([(" r", "accent"), (f" that, then {', '.join(str(one) for one in rest)}", "dim")])
    return lines


def _where(state: State, run: feed.Run) -> str:
    steps_of_run = [step for step in state.snapshot.steps if step.run_id == run.id] if state.snapshot else []
    if not steps_of_run:
        return ""
    step = steps_of_run[-1]
    total = f" of {step.total:,}" if step.total else ""
    return f" in {step.phase} {step.system}".rstrip() + f", at {step.done:,}{total}"


def greeting(width: int) -> list[SheetLine]:
    """Greet whoever opens an empty store, with what to do."""
    lines = [SheetLine([(" Nothing has been imported yet.", "strong")]), SheetLine([])]
    for number, text in enumerate(
        (
            "8 shows the systems as configured; t there tests every connection.",
            "W arms the console: it starts read-only, and says so at the foot.",
            "n runs the next step and stops; look around after each.",
            "2 shows what would be written, before r or n writes it.",
            "6 is the review: nothing is deleted that was not approved there.",
        ),
        1,
    ):
        lines += prose(f"{number}", text, width)
    return [*lines, SheetLine([]), *fact("?", "every key, searchable", width)]
