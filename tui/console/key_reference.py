"""The reference of all keys, made from the bindings themselves: docs/keys.md is what this gives."""

from collections.abc import Iterable, Mapping

from textual.binding import Binding, BindingType
from textual.dom import DOMNode

from tui.console.app_keys import APP_KEYS
from tui.console.keys import name_of
from tui.console.palette import Palette
from tui.console.screens import (
    audit,
    by_hand,
    configuration,
    deciding,
    deleted,
    explaining,
    exports,
    joining,
    line,
    listing,
    marking,
    objects,
    plan,
    planned,
    review,
    rules,
    runs,
    systems,
    thing,
    todo,
    trying,
    whole,
)
from tui.console.screens.asking import AskLine
from tui.console.screens.base import ConsoleScreen
from tui.console.screens.choice import Choice
from tui.console.screens.confirm import Confirm, Question
from tui.console.screens.help import HelpScreen
from tui.console.screens.passwords import PasswordScreen
from tui.console.widgets.rows import Rows

_PARTS: tuple[tuple[str, tuple[type[DOMNode], ...]], ...] = (
    ("Everywhere", (ConsoleScreen,)),
    ("In every list and sheet", (Rows,)),
    ("To do", (todo.TodoScreen,)),
    ("Line", (line.LineScreen,)),
    ("Plan", (plan.PlanScreen,)),
    ("One change of a plan", (planned.ChangeScreen,)),
    ("Every list: from To do to Audit, and item errors", (listing.ListScreen,)),
    ("Lists that can be marked: To do, Exports, Review", (marking.MarkingScreen,)),
    ("Exports, and one of them", (exports.ExportKeys,)),
    ("Exports", (exports.ExportsScreen,)),
    ("Review, and one of its items", (deciding.ReviewKeys,)),
    ("Review", (review.ReviewScreen,)),
    ("Runs", (runs.RunsScreen,)),
    ("One run", (runs.RunScreen,)),
    ("Systems", (systems.SystemsScreen,)),
    ("Configuration", (configuration.ConfigurationScreen,)),
    ("Rules", (rules.RulesScreen, rules.RuleScreen)),
    ("Audit", (audit.AuditScreen,)),
    ("One thing whole", (thing.SheetScreen,)),
    ("One object, export or review item whole", (explaining.ExplainedScreen, whole.WholeScreen)),
    ("One thing as it is stored", (explaining.RawScreen,)),
    ("Decisions by hand: on an object, in the lists of objects and of item errors", (objects.ObjectsScreen,)),
    ("Who it is joined to, and what follows", (joining.JoinScreen, by_hand.DecisionScreen)),
    ("Deleted", (deleted.DeletedScreen, deleted.GoneScreen)),
    ("One object whole", (trying.ObjectScreen, trying.TryScreen)),
    ("The command line", (Palette,)),
    ("Where something is asked", (Confirm, Question, Choice, PasswordScreen, AskLine)),
    ("Help", (HelpScreen,)),
)

_HEAD = """# Keys

Every key can be changed by its id in `interlock.toml`, several of them separated by commas:

```toml
[console.keys]
"review.approve" = "A"
"rows.down" = "j,down,ctrl+n"
```

This page is made from the bindings of the program (`scripts/docs` writes it, the tests compare it).
"""


def ids() -> set[str]:
    """Give the ids that `[console.keys]` may name."""
    return {binding.id for _, classes in _PARTS for binding in _bindings(classes) if binding.id}


def slips(named: Mapping[str, str]) -> list[str]:
    """Say what is wrong with `[console.keys]`: ids that no key has, and keys that two things have on one screen."""
    known = ids()
    unknown = [f"'{one}'" for one in sorted(named.keys() - known)]
    told = [f"no key is called {', '.join(unknown)}; ? shows what they are called"] if unknown else []
    for cls in dict.fromkeys(cls for _, classes in _PARTS for cls in classes):
        usual = {binding.id: _keys(binding.key) for binding in _of_class(cls) if binding.id}
        own = {one: _keys(named[one]) if one in named else keys for one, keys in usual.items()}
        for one in sorted(own.keys() & named.keys()):
            for other in sorted(own.keys() - {one}):
                if both := own[one] & own[other] - (usual[one] & usual[other]):
                    first, second = sorted((one, other))
                    told.append(f"'{first}' and '{second}' have the same key, {', '.join(map(name_of, sorted(both)))}")
    return list(dict.fromkeys(told))


def _keys(written: str) -> set[str]:
    return {key.strip() for key in written.split(",")}


def _of_class(cls: type[DOMNode]) -> list[Binding]:
    """Give the bindings that count where a class does: its own, those it inherits, those of the whole console."""
    inherited = [one for base in cls.__mro__ if issubclass(base, DOMNode) for one in vars(base).get("BINDINGS", [])]
    found = [*inherited, *APP_KEYS]
    return [binding for binding in found if isinstance(binding, Binding)]


def reference() -> str:
    """Give the page."""
    parts = [_HEAD]
    for title, classes in _PARTS:
        rows = [f"| {_code(binding)} | {binding.description} | `{binding.id}` |" for binding in _bindings(classes)]
        parts.append(f"## {title}\n\n| key | what it does | id |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _code(binding: Binding) -> str:
    names = (name_of(key.strip()) for key in binding.key.split(","))
    return " ".join(f"`{name}`" for name in names)


def _bindings(classes: Iterable[type[DOMNode]]) -> list[Binding]:
    own: list[BindingType] = APP_KEYS if ConsoleScreen in classes else []
    found = [*own, *(binding for one in classes for binding in vars(one).get("BINDINGS", []))]
    return [binding for binding in found if isinstance(binding, Binding)]
