"""Tell people that something waits for them: by a command, by e-mail; never in the way of a run."""

import asyncio
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Any, NamedTuple

from engine.configuration.models import Config
from engine.notifying.hook import run_hook
from engine.notifying.mail import send_mail
from engine.roles import Role, require
from engine.runs.unsent import left_over
from engine.todo.gathering import gather, sentences
from engine.values.plain import plain
from engine.workspace import Workspace
from storage import notifications, reviews, runs
from storage.records import GATE_STOPS

SECONDS = 30.0
"""How long one channel may take."""
MOST_GROUPS = 12
"""How many groups of what waits are told."""


class News(NamedTuple):
    """What there is to tell about a run."""

    run_id: int
    events: Sequence[str]
    subject: str
    document: dict[str, Any]

    @property
    def text(self) -> str:
        """The same for a person to read; every line of it is one line, whatever stands in it."""
        told = self.document
        lines = [f"{self.subject}.", ""]
        lines += [f"{one['gate']} holds {one['missing']:,}: {one['arithmetic']}" for one in told["held"]]
        lines += [f"{sentence}." for sentence in told["left_over"]]
        lines += [f"{told['waiting']:,} items wait in the review in all."]
        if told["todo"]:
            lines += ["", "What waits that nobody has acknowledged (interlock todo):"]
            lines += [f"    {line}" for line in told["todo"]]
        lines += ["", "To look at them:"]
        lines += [f"    {told['review_hint']}", f"    {told['review']}", ""]
        lines += [f"run-{self.run_id} ({told['profile']}, {told['result']}) of {told['store']}"]
        return "\n".join([*map(plain, lines), ""])


async def news_of(workspace: Workspace, run_id: int) -> News | None:
    """Give what there is to tell about a run that has ended; None where nobody is to be told, or there is nothing."""
    settings = workspace.config.notify
    if not settings.command and settings.mail is None:
        return None
    async with workspace.store.reading() as tx:
        run = await runs.get(tx, run_id)
        if run is None or run.result is None:
            return None
        items, batches = await notifications.began_to_wait(tx, run_id)
        held = [batch._asdict() for batch in await reviews.held(tx, run_id)]
        waiting = await reviews.count_waiting(tx)
        given_up, left = await notifications.given_up(tx, run_id), await left_over(tx)
        todo = sentences(await gather(tx, workspace), MOST_GROUPS)
    happened = {"waiting": bool(items or batches), "gate": run.result in GATE_STOPS, "given-up": bool(given_up)}
    events = [event for event in settings.on if happened.get(event)]
    if not events:
        return None
    subject = _subject(run_id, items, batches, given_up, stopped=happened["gate"])
    told = {
        "events": events,
        "subject": subject,
        "run": f"run-{run_id}",
        "profile": run.profile,
        "operator": run.operator,
        "host": run.host,
        "result": run.result.value,
        "new_items": items,
        "new_batches": batches,
        "held": held,
        "waiting": waiting,
        "left_over": left.sentences,
        "todo": todo,
        "review": "interlock review",
        "review_hint": settings.review_hint,
        "store": workspace.store.name,
    }
    return News(run_id, events, subject, told)


def _subject(run_id: int, items: int, batches: int, given_up: int, *, stopped: bool) -> str:
    parts = [f"a gate stopped run-{run_id}"] if stopped else []
    if items:
        parts.append(f"{items:,} deletion{'s wait' if items > 1 else ' waits'} for a decision")
    if batches:
        parts.append(f"{batches:,} batch{'es are' if batches > 1 else ' is'} held")
    if given_up:
        parts.append(f"{given_up:,} export{'s are' if given_up > 1 else ' is'} given up")
    return f"Interlock: {', '.join(parts)}"


async def notify(workspace: Workspace, run_id: int, *, operator: str) -> list[str]:
    """Tell over every channel what there is to tell about a run; give what failed. Raises `NotAllowed`.

    Each attempt is written down, with what it failed by.
    """
    require(workspace.config, operator, Role.OPERATOR, "notify")
    news = await news_of(workspace, run_id)
    if news is None:
        return []
    failures = []
    for channel, send in _channels(workspace.config, news.subject, news.text, news.document).items():
        failure = await asyncio.to_thread(in_time, send, SECONDS)
        await note(workspace, run_id, channel, news.subject, failure)
        if failure:
            failures.append(f"{channel}: {failure}")
    return failures


async def note(workspace: Workspace, run_id: int, channel: str, subject: str, failure: str) -> None:
    """Write an attempt to tell somebody down."""
    async with workspace.store.transaction() as tx:
        await notifications.add(tx, run_id, channel, subject, failure)


def tell_failure(config: Config, profile: str, why: str) -> list[str]:
    """Tell over every channel that a scheduled run of a profile failed; give what of the telling failed.

    It needs no store: that may be why.
    """
    if "failed" not in config.notify.on:
        return []
    subject = f"Interlock: profile {profile} failed"
    hints = [config.notify.review_hint, "interlock todo"]
    text = "\n".join([*map(plain, [f"{subject}: {why}.", "", "To look at it:", *(f"    {one}" for one in hints)]), ""])
    document = {
        "events": ["failed"],
        "subject": subject,
        "profile": profile,
        "why": why,
        "review": "interlock todo",
        "review_hint": config.notify.review_hint,
    }
    channels = _channels(config, subject, text, document)
    failures = {channel: in_time(send, SECONDS) for channel, send in channels.items()}
    return [f"{channel}: {failure}" for channel, failure in failures.items() if failure]


def _channels(config: Config, subject: str, text: str, document: dict[str, Any]) -> dict[str, Callable[[], None]]:
    settings, folder = config.notify, config.folder
    found: dict[str, Callable[[], None]] = {}
    if settings.command:
        found["command"] = lambda: run_hook(settings.command, document, folder, SECONDS)
    if (mail := settings.mail) is not None:
        found["mail"] = lambda: send_mail(mail, subject, text, folder, SECONDS)
    return found


def in_time(send: Callable[[], None], seconds: float) -> str:
    """Do something and say what it failed by; if it hangs it is left behind, and ends with the process."""
    failed: list[str] = []

    def work() -> None:
        try:
            send()
        except Exception as error:  # whatever it is, a run must not be told that it failed by it
            failed.append(str(error) or type(error).__name__)

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds + 1)
    if thread.is_alive():
        return f"it took longer than {seconds:g} s"
    return failed[0] if failed else ""
