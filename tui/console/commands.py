"""Commands with words behind them, for the list below or the console: filter, sort, save, filters, forget, profile."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, cast

from textual.screen import Screen

from tui.console.screens.filtering import Filtering
from tui.console.screens.line import WHOLE_CYCLE
from tui.console.shell import Shell

LIST_VERBS = {
    "filter": "show only what fits",
    "sort": "choose the order",
    "save": "keep the filter under a name",
    "filters": "the filters that are kept",
    "forget": "forget a filter",
}
"""What can be said of a list."""
VERBS = {"profile": "choose whose steps the Line shows"}
"""What can be said anywhere."""


class Spoken(NamedTuple):
    """A command as it is written, and what it does."""

    line: str
    what: str
    run: Callable[[], object]


def verbs(screen: Screen[Any]) -> dict[str, str]:
    """Give the words with which a command may begin, and what each is for."""
    return {**(LIST_VERBS if isinstance(screen, Filtering) else {}), **VERBS}


async def spoken(screen: Screen[Any], typed: str) -> list[Spoken]:
    """Give the commands that a line is, or may become."""
    verb, _, rest = typed.partition(" ")
    if verb == "profile":
        return list(_profiles(cast("Shell", screen.app), rest))
    if not isinstance(screen, Filtering) or verb not in LIST_VERBS:
        return []
    if verb == "filter":
        return await _filters(screen, rest) if typed != verb else []
    return list(_OF_A_LIST[verb](screen, rest))


async def _filters(listed: Filtering, rest: str) -> list[Spoken]:
    """Give the filters that are kept under such a name, then the line itself and what it may grow to."""
    saved = [(name, line) for name, line in listed.saved_filters.items() if rest.casefold() in name.casefold()]
    found = [Spoken(f"filter {name}", line, partial(listed.set_filter, line)) for name, line in saved]
    lines = list(dict.fromkeys([*([rest] if rest.strip() else []), *await listed.complete(rest)]))
    return found + [Spoken(f"filter {line}", "this list", partial(listed.set_filter, line.strip())) for line in lines]


def _sort(listed: Filtering, rest: str) -> Iterator[Spoken]:
    for words, column in listed.orders.items():
        if rest.casefold() in words.casefold():
            yield Spoken(f"sort {words}", "this list", partial(listed.sort_by, column))


def _save(listed: Filtering, rest: str) -> Iterator[Spoken]:
    if name := " ".join(rest.split()):
        yield Spoken(f"save {name}", listed.filter_line, partial(listed.save_filter, name))


def _forget(listed: Filtering, rest: str) -> Iterator[Spoken]:
    for name, line in listed.saved_filters.items():
        if name.casefold().startswith(rest.casefold()):
            yield Spoken(f"forget {name}", line, partial(listed.forget_filter, name))


def _choose(listed: Filtering, _rest: str) -> Iterator[Spoken]:
    yield Spoken("filters", LIST_VERBS["filters"], listed.choose_filter)


_OF_A_LIST: dict[str, Callable[[Filtering, str], Iterator[Spoken]]] = {
    "sort": _sort,
    "save": _save,
    "forget": _forget,
    "filters": _choose,
}


def _profiles(app: Shell, rest: str) -> Iterator[Spoken]:
    if app.session is None:
        return
    for name in (WHOLE_CYCLE, *sorted(app.session.workspace.config.profiles)):
        if rest.casefold() in name.casefold():
            yield Spoken(f"profile {name}", VERBS["profile"], partial(app.choose_profile, name))
