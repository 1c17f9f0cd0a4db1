"""The keys of a screen, read from the bindings themselves: the hints at its foot, the help, the reference."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.keys import format_key

from tui.console.widgets.painting import spread
from tui.presentation.pieces import Line

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen

_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "exclamation_mark": "!",
    "asterisk": "*",
    "equals_sign": "=",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": "space",
    "escape": "esc",
    "enter": "enter",
    "up": "up",
    "down": "down",
    "pagedown": "pgdn",
    "pageup": "pgup",
}


class Key(NamedTuple):
    """A key, or keys, and what they do now."""

    id: str
    action: str
    node: "DOMNode"
    """Whose action it is."""
    keys: str
    what: str
    shown: bool
    refused: str
    """Why it would be refused now; empty if it would not."""


def name_of(key: str) -> str:
    """Give what a person calls a key."""
    return _NAMES.get(key) or (key if len(key) == 1 else format_key(key))


def keys_of(screen: "Screen[Any]") -> list[Key]:
    """List what the keys do on a screen now, its own first."""
    why_not = getattr(screen, "why_not", lambda _action: "")
    found: dict[tuple[str, str], Key] = {}
    for node, binding, _enabled, _tooltip in screen.active_bindings.values():
        if not binding.id:
            continue
        mark = (binding.id, binding.action)
        action = binding.action.partition("(")[0].removeprefix("app.").removeprefix("screen.")
        name = name_of(binding.key)
        if mark in found:
            found[mark] = found[mark]._replace(keys=f"{found[mark].keys} {name}")
        else:
            key = Key(binding.id, binding.action, node, name, binding.description, binding.show, why_not(action))
            found[mark] = key
    return sorted(found.values(), key=lambda key: list(PLACES).index(place_of(key)))


PLACES = {"screen": "This screen", "list": "Lists and sheets", "app": "Everywhere"}
"""Where a key belongs, and what the help calls it."""


def place_of(key: Key) -> str:
    """Tell whether a key belongs to the screen, to the list on it, or to the app."""
    if key.node.parent is None:
        return "app"
    return "screen" if key.node.parent.parent is None else "list"


def hints(screen: "Screen[Any]", width: int) -> Line:
    """Give the line of keys at the foot of a screen; what would be refused is dimmed."""
    line: Line = []
    help_key: Line = []
    for key in keys_of(screen):
        if key.id == "help":
            help_key = [*_hint(key)][:-1]
        elif key.shown:
            line += _hint(key)
    return spread(line[:-1], help_key, width)


def _hint(key: Key) -> Iterable[tuple[str, str]]:
    first = key.keys.split(" ")[0]
    tones = ("dim", "dim") if key.refused else ("accent", "")
    return [(first, tones[0]), (f" {key.what}", tones[1]), ("  ", "")]
