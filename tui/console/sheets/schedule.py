"""One profile with its times."""

from tui.console.sheets.layout import Document, fact, prose, section, stated
from tui.console.widgets.sheet import SheetLine
from tui.presentation import tones
from tui.presentation.moments import local_time, since_when, until_when


def row(number: int, found: Document) -> Document:
    """Give a row of the list, with what it can be filtered and sorted by."""
    last = found["last"] or {}
    ended = "running" if found["running"] else last.get("result") or ("interrupted" if last else "")
    return {
        **found,
        "key": number,
        "id": found["profile"],
        "when": _when(found),
        "began": last.get("started_at"),
        "result": ended,
        "is_late": found["late"],
        "late": "yes" if found["late"] else "no",
    }


def _when(found: Document) -> str:
    return ", ".join(found["at"]) or (f"every {found['every']}" if found["every"] else "by hand")


def result(found: Document) -> tuple[str, str]:
    """Say how the last run ended."""
    return tones.status(found["result"])


def late(found: Document) -> tuple[str, str]:
    """Say since when a profile is late."""
    if not found["is_late"]:
        return ("", "")
    return (f"late {since_when(found['late_since'])}".rstrip(), "danger")


def profile(found: Document, steps: dict[str, list[str]], width: int) -> list[SheetLine]:
    """Show a profile: when it is to run, when it did, and its steps."""
    lines = fact("profile", found["profile"], width, tone="strong")
    lines += fact("is to run", _when(found), width)
    if found["at"] and found["every"]:
        lines += fact("at least", f"every {found['every']}", width)
    if last := found["last"]:
        lines += fact("ran last", local_time(last["started_at"], precise=True), width, link=last["run"])
        lines += stated("result", result(found), width)
    else:
        lines += fact("ran last", "never", width)
    if found["next"]:
        lines += fact("runs next", f"{local_time(found['next'], precise=True)}, {until_when(found['next'])}", width)
    if found["is_late"]:
        lines += fact("late", late(found)[0], width, tone="danger")
        why = "its time has passed and it has not been carried through since: look whether its timer is there"
        lines += prose("", f"{why} ('interlock schedule install', 'systemctl list-timers')", width)
    if not found["at"]:
        lines += prose("", 'at = "Mon..Fri 06:30" in its table gives it a time', width, tone="dim")
    lines += section("Steps")
    for number, step in enumerate(steps.get(found["profile"], []), 1):
        lines += fact(f"{number}", step, width)
    return lines
