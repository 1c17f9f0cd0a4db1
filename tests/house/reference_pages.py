"""Write the reference pages of `docs/` from what the program is: the models, the commands, the bindings."""

import ast
import inspect
import sys
import types
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from engine.configuration.models import Config
from engine.configuration.steps import StepPlan
from engine.connectors.csv.options import CsvObjectOptions, CsvOptions
from engine.connectors.directory_types import DirectoryObjectOptions
from engine.connectors.ldap.options import LdapObjectOptions, LdapOptions
from engine.connectors.ldif.connector import LdifOptions
from engine.values.typed import AttributeType
from tui.console.key_reference import reference
from tui.terminal.cli import app

DOCS = Path(__file__).parents[2] / "docs"
_CONNECTORS: tuple[tuple[str, tuple[type[BaseModel], ...]], ...] = (
    ("csv", (CsvOptions, CsvObjectOptions)),
    ("ldif", (LdifOptions, DirectoryObjectOptions)),
    ("ldap", (LdapOptions, LdapObjectOptions)),
)
_CONFIGURATION = """# Configuration reference

One TOML file, `interlock.toml`; relative paths start where it lies. `interlock check` tells every problem with its
file, line and key. This page is made from the program's models (`scripts/docs` writes it, the tests compare it).

[rules.md](rules.md) tells what the rules do, [files.md](files.md) and [ldap.md](ldap.md) what the connectors do.
"""
_COMMANDS = """# Command line reference

Every command takes `-c FILE` (by default `interlock.toml`, or what `INTERLOCK_CONFIG` names); every listing takes
`--json`, one document on standard output. This page is made from the commands (`scripts/docs` writes it, the tests
compare it).

"""
_EXIT = """
## Exit status

| status | meaning |
|---|---|
| 0 | clean; objects that wait for review are no error |
| 1 | finished with errors: objects failed, exports given up, an import incomplete, the connection broke on the way |
| 2 | usage or configuration, or a decision that is refused |
| 3 | stopped by a safety gate (4, 5, 6 or a look before an export) |
| 4 | could not start: no connection, no credentials, another run going on, the store cannot be opened |
| 5 | interrupted, by a disk that filled as well, or stopped by an operator |

A run stops where a step is stopped or cannot start; `interlock run --from STEP` goes on from there. Killing the
process at any instant leaves whole pages; the next run says what was interrupted, and settles exports that were being
sent by looking at the target.

The operator is the login (`INTERLOCK_OPERATOR`, `SUDO_USER`, or the process's user) and stands beside every decision
and every run.
"""


class Table(NamedTuple):
    """A table of the configuration: its name in the file, and its model."""

    name: str
    model: type[BaseModel]


def pages() -> dict[str, str]:
    """Give every page by its file name."""
    return {"configuration.md": configuration(), "command-line.md": command_line(), "keys.md": reference()}


def configuration() -> str:
    """Give the reference of the configuration."""
    parts = [_CONFIGURATION]
    shown: dict[type[BaseModel], str] = {}
    for table in _tables("", Config):
        if table.model in shown:
            parts.append(f"## `{table.name}`\n\nAs `{shown[table.model]}`, for this alone.\n")
        else:
            shown[table.model] = table.name
            parts.append(_section(table.name, [table.model]))
    for connector, models in _CONNECTORS:
        parts.append(f"## Keys of the `{connector}` connector\n")
        names = ("[systems.NAME]", "[systems.NAME.objects.TYPE]")
        for name, model in zip(names, models, strict=True):
            rows = "".join(_rows(model))
            parts.append(f"In `{name}`:\n\n| key | value | default | meaning |\n|---|---|---|---|\n{rows}")
    return "\n".join(parts)


def _tables(name: str, model: type[BaseModel]) -> Iterator[Table]:
    """Give the tables of a table and then those inside each, in the order of the model."""
    found: list[tuple[str, Table]] = []
    for key, field in model.model_fields.items():
        for inner in _models_in(field.annotation):
            own = f"{name}.{_key(key, field)}" if name else _key(key, field)
            origin = _plain_origin(field.annotation)
            own += f".{_placeholder(key)}" if origin is dict else ""
            found.append((own, Table(_heading(own, is_array=origin is list and not name), inner)))
    yield from (table for _, table in found)
    for own, table in found:
        yield from _tables(own, table.model)


def _heading(name: str, *, is_array: bool) -> str:
    if name == "rules.join":
        return "[[rules]] join = [[{ … }]]"
    return f"[[{name}]]" if is_array else f"[{name}]"


def _placeholder(key: str) -> str:
    return {"objects": "TYPE", "metaverse": "TYPE", "unique": "ATTRIBUTE"}.get(key, "NAME")


def _plain_origin(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return get_origin(annotation)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _section(name: str, models: list[type[BaseModel]]) -> str:
    said = inspect.getdoc(models[0]) or ""
    _, _, rest = said.partition("`: ")
    lead = f"{rest[:1].upper()}{rest[1:]}" if rest else said
    rows = "".join(row for model in models for row in _rows(model))
    head = "| key | value | default | meaning |\n|---|---|---|---|\n"
    return f"## `{name}`\n\n{lead}\n" + (f"\n{head}{rows}" if rows else "")


def _rows(model: type[BaseModel]) -> Iterator[str]:
    meanings = _meanings(model)
    for key, field in model.model_fields.items():
        if key in ("options", "folder"):
            continue
        inner = _models_in(field.annotation)
        value = "a table of its own" if inner else _value(field)
        default = "" if inner else _default(field)
        meaning = " ".join(meanings.get(key, "").split()).replace("|", "\\|")
        yield f"| `{_key(key, field)}` | {value} | {default} | {meaning} |\n"


def _key(key: str, field: FieldInfo) -> str:
    return field.alias or key


@cache
def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Give what stands below each field of a model and of those it derives from."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if one is BaseModel or not issubclass(one, BaseModel):
            continue
        tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(one)))
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for field, said in pairwise(body):
            told = isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and told:
                found[field.target.id] = str(said.value.value)
    return found


def _value(field: FieldInfo) -> str:
    text = _kind(field.annotation)
    least = next((one.ge for one in field.metadata if hasattr(one, "ge")), None)
    most = next((one.le for one in field.metadata if hasattr(one, "le")), None)
    if least is not None and most is not None:
        return f"{text}, {least:,} to {most:,}"
    return text if least in (None, 0) else f"{text}, at least {least:,}"


_KINDS: dict[Any, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "`true`, `false`",
    Path: "path",
    timedelta: "duration, such as `30d`",
    AttributeType: "type",
    StepPlan: "step",
}


def _kind(annotation: Any) -> str:
    """Say what a value of a type is written as."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(parts[0])
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (Union, types.UnionType):
        kinds = [_kind(part) for part in parts if part is not type(None)]
        return " or ".join(dict.fromkeys(kinds))
    if origin is list:
        return f"list of {_kind(parts[0])}"
    if origin is dict:
        return f"table: name → {_kind(parts[1])}"
    return _KINDS.get(annotation, annotation.__name__.lower() if inspect.isclass(annotation) else "text")


def _default(field: FieldInfo) -> str:
    value = field.default_factory() if callable(field.default_factory) else field.default  # type: ignore[call-arg]
    if value is PydanticUndefined:
        return "**needed**"
    if value in (None, [], {}, "", timedelta()):
        return ""
    if isinstance(value, timedelta):
        return f"`{value.days}d`" if value.days else f"`{value.seconds // 60}m`"
    if isinstance(value, list):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`".replace("|", "\\|")


def command_line() -> str:
    """Give the reference of the commands."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    return _COMMANDS + "\n".join(_commands(root, "interlock")) + _EXIT


def _commands(group: TyperGroup, path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, TyperGroup):
            yield f"## `{path} {name}`\n\n{_said(command)}\n"
            own = [one for one in command.params if isinstance(one, TyperOption) and not one.hidden]
            yield "".join(_options(own)) + "\n" if own else ""
            yield from _commands(command, f"{path} {name}")
        else:
            yield _command(command, f"{path} {name}")


def _command(command: TyperCommand, path: str) -> str:
    shown = [one for one in command.params if not getattr(one, "hidden", False) and one.name not in ("config", "help")]
    arguments = [one for one in shown if isinstance(one, TyperArgument)]
    written = " ".join(_argument(one) for one in arguments)
    lines = f"### `{' '.join(filter(None, (path, written)))}`\n\n{_said(command)}\n"
    told = [f"- `{_argument(one)}`: {one.help}\n" for one in arguments if getattr(one, "help", None)]
    told += _options([one for one in shown if isinstance(one, TyperOption)])
    return lines + ("\n" + "".join(told) if told else "")


def _argument(one: TyperArgument) -> str:
    name = (one.name or "").upper() + ("…" if one.nargs == -1 else "")
    return name if one.required else f"[{name}]"


def _options(options: list[TyperOption]) -> list[str]:
    found = []
    for one in options:
        names = ", ".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts))
        metavar = "" if one.is_flag else f" {one.metavar or _metavar(one)}"
        found.append(f"- {names}{metavar}: {one.help or ''}\n")
    return found


def _metavar(one: TyperOption) -> str:
    kinds = {int: "NUMBER", float: "NUMBER", Path: "FILE"}
    return kinds.get(one.type_descriptor.annotation, "TEXT")


def _said(command: TyperCommand | TyperGroup) -> str:
    return " ".join((command.help or "").split())


def main() -> int:
    """Write the pages."""
    for name, text in pages().items():
        (DOCS / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
