"""Write the reference pages of `docs/` from what the program is: the models, the commands, the bindings."""

import inspect
import json
import sys
import types
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from engine.configuration.meanings import meanings
from engine.configuration.models import Config
from engine.configuration.rule_models import FlowConfig, JoinPartConfig
from engine.configuration.schema import HIDDEN
from engine.configuration.secrets import Secret
from engine.configuration.steps import StepPlan
from engine.connectors.csv.options import CsvObjectOptions, CsvOptions
from engine.connectors.directory_types import DirectoryObjectOptions
from engine.connectors.ldap.options import LdapObjectOptions, LdapOptions
from engine.connectors.ldif.connector import LdifOptions
from engine.connectors.program import messages
from engine.connectors.program.options import ProgramObjectOptions, ProgramOptions
from engine.connectors.scim.options import ScimObjectOptions, ScimOptions
from engine.connectors.sql.options import SqlObjectOptions, SqlOptions
from engine.expressions.sources import Constant
from engine.values.typed import AttributeType
from tests.house.anchors import anchor
from tui.console.key_reference import reference
from tui.terminal.cli import app

DOCS = Path(__file__).parents[2] / "docs"
_CONNECTORS: tuple[tuple[str, tuple[type[BaseModel], ...]], ...] = (
    ("csv", (CsvOptions, CsvObjectOptions)),
    ("ldif", (LdifOptions, DirectoryObjectOptions)),
    ("ldap", (LdapOptions, LdapObjectOptions)),
    ("program", (ProgramOptions, ProgramObjectOptions)),
    ("scim", (ScimOptions, ScimObjectOptions)),
    ("sql", (SqlOptions, SqlObjectOptions)),
)
_CONFIGURATION = """# Configuration reference

One TOML file, `interlock.toml`; relative paths start where it lies. `interlock check` tells every problem with its
file, line and key. This page is made from the program's models (`scripts/docs` writes it, the tests compare it).

[rules.md](rules.md) tells what the rules do, [files.md](files.md) and [ldap.md](ldap.md) what the connectors do.

"""
_FLOWS = """What stands in `flow` is a source by itself, or a table that says how far the flow goes:
`title = { source = "title", clear = false }`, `employeeType = { constant = "staff", once = true }`."""
_COMMANDS = """# Command line reference

Every command but {without} takes `-c FILE` (`--config FILE`), before it or after it:
`interlock -c FILE review keep rev-3`, `interlock review keep rev-3 -c FILE`. Without that it takes what
`INTERLOCK_CONFIG` names, else `interlock.toml`. Every listing takes `--json`, one document on standard output. What
stands in `[ ]` may be left out; an option that is *required* may not. This page is made from the commands
(`scripts/docs` writes it, the tests compare it).

### `interlock`

Without a command it opens the console. Where there is no terminal, it writes what `interlock status` writes.

"""
_PHASES = """## Phases

What `interlock step` and the steps of a profile name:

| phase | system | what it does |
|---|---|---|
| `import` | one | reads all that a system holds |
| `delta` | one | reads only what changed since the last import; where that cannot be told, everything, with a warning |
| `sync` | none | brings the metaverse up to date: scope, joins, flows, lifecycle |
| `evaluate` | none | stages what has to change in the targets; nothing is written there |
| `export` | one | writes what is staged and may be sent |
| `confirm` | one | imports a target again: what was exported is confirmed, or is not |
| `detect` | one | marks what the last full import did not contain, if the gates let it |

`interlock step PHASE` without a system takes every system one after the other; `export` and `confirm` only those that
rules write to. A profile names the system each time. `interlock run`, and a profile unless it says `detect = false`,
follows each full import with `detect`; `interlock step import` and `interlock step confirm` do not.
"""
_EXIT = """
## Exit status

| status | meaning |
|---|---|
| 0 | clean; objects that wait for review are no error |
| 1 | finished with errors: objects failed, exports given up, an import incomplete, the connection broke on the way |
| 2 | usage or configuration; a command refused as a whole, with nothing changed |
| 3 | stopped by a safety gate (4, 5, 6 or a look before changing or deleting); or the store is an older one |
| 4 | could not start: no connection, no credentials, another run going on, the store cannot be opened |
| 5 | interrupted, by a disk that filled as well, or stopped by an operator |

A command is refused as a whole, with status 2, where the role does not allow it, the number or the reason is missing,
or what it names is not there or cannot be joined, restored or released. Items of the review and exports are decided
one by one: if one of them cannot be, or is not there, that is told, the others are decided, and the status is 1.
`interlock check` ends with 4 where one of its lines says `FAIL`, `audit verify` and `store check` with 1 where they
find a fault.

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
    return {
        "configuration.md": configuration(),
        "command-line.md": command_line(),
        "keys.md": reference(),
        "program-connector.schema.json": json.dumps(messages.schema(), indent=2) + "\n",
    }


def configuration() -> str:
    """Give the reference of the configuration."""
    parts = [f"{_CONFIGURATION}## Tables\n\n{_head_and_rows(Config)}"]
    shown: dict[type[BaseModel], str] = {}
    for table in _tables("", Config):
        if table.model in shown:
            parts.append(f"## `{table.name}`\n\nAs `{shown[table.model]}`, for this alone.\n")
        else:
            shown[table.model] = table.name
            parts.append(_section(table.name, table.model))
    for connector, models in _CONNECTORS:
        parts.append(f"## Keys of the `{connector}` connector\n")
        names = ("[systems.NAME]", "[systems.NAME.objects.TYPE]")
        for name, model in zip(names, models, strict=True):
            parts.append(f"In `{name}`:\n\n{_head_and_rows(model, name.strip('[]'))}")
            parts += [_section(table.name, table.model) for table in _tables(name.strip("[]"), model)]
    parts.append(f"## Tables of a flow\n\n{_FLOWS}\n\n{_head_and_rows(FlowConfig)}")
    parts.append(f"## Parts of `join`\n\n{inspect.getdoc(JoinPartConfig)}\n\n{_head_and_rows(JoinPartConfig)}")
    parts.append(f"## Secrets\n\n{inspect.getdoc(Secret)}\n\n{_head_and_rows(Secret)}")
    return "\n".join(parts)


def _tables(name: str, model: type[BaseModel]) -> Iterator[Table]:
    """Give the tables of a table and then those inside each, in the order of the model."""
    found = [
        (own, Table(_heading(own, field), inner))
        for key, field in model.model_fields.items()
        for inner in _models_in(field.annotation)
        for own in [_path(name, key, field)]
    ]
    yield from (table for _, table in found)
    for own, table in found:
        yield from _tables(own, table.model)


def _path(name: str, key: str, field: FieldInfo) -> str:
    """Give the place of a table that stands under a key of another one."""
    own = f"{name}.{_key(key, field)}" if name else _key(key, field)
    return f"{own}.{_placeholder(key)}" if _plain_origin(field.annotation) is dict else own


def _heading(path: str, field: FieldInfo) -> str:
    return f"[[{path}]]" if _plain_origin(field.annotation) is list else f"[{path}]"


def _placeholder(key: str) -> str:
    return {"objects": "TYPE", "metaverse": "TYPE", "unique": "ATTRIBUTE", "many": "ATTRIBUTE"}.get(key, "NAME")


def _plain_origin(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return get_origin(annotation)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Give the models of the tables that stand in a value, but for those that have places of their own."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [] if annotation in (Secret, JoinPartConfig, FlowConfig) else [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _section(name: str, model: type[BaseModel]) -> str:
    said = inspect.getdoc(model) or ""
    _, _, rest = said.partition("`: ")
    lead = f"{rest[:1].upper()}{rest[1:]}" if rest else said
    return f"## `{name}`\n\n{lead}\n\n{_head_and_rows(model, name.strip('[]'))}"


def _head_and_rows(model: type[BaseModel], path: str = "") -> str:
    rows = "".join(_rows(model, path))
    return f"| key | value | default | meaning |\n|---|---|---|---|\n{rows}"


def _rows(model: type[BaseModel], path: str) -> Iterator[str]:
    told = meanings(model)
    for key, field in model.model_fields.items():
        if (model, key) in HIDDEN:
            continue
        table = anchor(_heading(_path(path, key, field), field))
        default = "" if _models_in(field.annotation) and not field.is_required() else _default(field)
        meaning = " ".join(told.get(key, "").split()).replace("|", "\\|")
        yield f"| `{_key(key, field)}` | {_value(field, table)} | {default} | {meaning} |\n"


def _key(key: str, field: FieldInfo) -> str:
    return field.alias or key


def _value(field: FieldInfo, table: str) -> str:
    """Say what a key takes, within which bounds; `table` is the anchor of the table that it may be."""
    text = _kind(field.annotation, table)
    if MinLen(1) in field.metadata and MaxLen(1) in field.metadata:
        return "one character"
    least = next((one.ge for one in field.metadata if isinstance(one, Ge)), None)
    most = next((one.le for one in field.metadata if isinstance(one, Le)), None)
    if least is not None and most is not None:
        return f"{text}, {least:,} to {most:,}"
    return ", ".join([text, *filter(None, map(_bound, field.metadata))])


def _bound(constraint: object) -> str:
    match constraint:
        case Ge():
            return f"at least {constraint.ge:,}"
        case Gt():
            return f"more than {constraint.gt:,}"
        case Le():
            return f"at most {constraint.le:,}"
        case Lt():
            return f"less than {constraint.lt:,}"
        case MinLen():
            return "not empty"
        case MaxLen():
            return f"at most {constraint.max_length:,} long"
        case _:
            return ""


_KINDS: dict[Any, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "`true`, `false`",
    Path: "path",
    timedelta: "duration, such as `30d`",
    AttributeType: "type",
    StepPlan: "step",
    Constant: "`{ constant = … }`",
    Secret: "[a secret](#secrets)",
    JoinPartConfig: "names or [tables](#parts-of-join)",
    FlowConfig: "text, `{ constant = … }` or [a table](#tables-of-a-flow)",
}


def _kind(annotation: Any, table: str = "") -> str:
    """Say what a value of a type is written as."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(parts[0], table)
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (Union, types.UnionType):
        kinds = [_kind(part, table) for part in parts if part is not type(None)]
        return " or ".join(dict.fromkeys(kinds))
    if origin is list:
        return f"list of {_kind(parts[0], table)}".replace("list of list of", "list of lists of")
    if origin is dict:
        return f"table: name → {_kind(parts[1], table)}"
    if annotation in _KINDS:
        return _KINDS[annotation]
    return f"[table](#{table})" if _models_in(annotation) else "text"


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
    without = [name for name, one in _each("", root) if not one.hidden and not _takes_config(one)]
    named = " and ".join(", ".join(f"`{name}`" for name in without).rsplit(", ", 1))
    return _COMMANDS.format(without=named) + "\n".join([*_alone(root), *_commands(root, "interlock"), _PHASES + _EXIT])


def _each(path: str, group: TyperGroup) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _each(f"{path}{name} ", command)
        else:
            assert isinstance(command, TyperCommand)
            yield f"{path}{name}", command


def _takes_config(command: TyperCommand | TyperGroup) -> bool:
    """Tell whether a command takes a configuration file, and each below it."""
    below = command.commands.values() if isinstance(command, TyperGroup) else [command]
    return all(any(param.name == "config" for param in one.params) for one in below)


def _alone(root: TyperGroup) -> Iterator[str]:
    """Give the options of the program itself."""
    yield "".join(_options([one for one in root.params if isinstance(one, TyperOption) and one.name != "help"]))


def _commands(group: TyperGroup, path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, TyperGroup):
            yield f"## `{path} {name}`\n\n{_said(command)}\n"
            own = _shown(command)
            if own:
                yield "".join(_options([one for one in own if isinstance(one, TyperOption)]))
            yield from _commands(command, f"{path} {name}")
        else:
            assert isinstance(command, TyperCommand)
            yield _command(command, f"{path} {name}")


def _command(command: TyperCommand, path: str) -> str:
    shown = _shown(command)
    arguments = [one for one in shown if isinstance(one, TyperArgument)]
    written = " ".join(_argument(one) for one in arguments)
    lines = f"### `{' '.join(filter(None, (path, written)))}`\n\n{_said(command)}\n"
    told = [f"- `{_argument(one)}`: {one.help or ''}{_choices(one)}\n" for one in arguments]
    told += _options([one for one in shown if isinstance(one, TyperOption)])
    return lines + ("\n" + "".join(told) if told else "")


def _shown(command: TyperCommand | TyperGroup) -> list[TyperArgument | TyperOption]:
    known = [one for one in command.params if isinstance(one, TyperArgument | TyperOption)]
    return [one for one in known if not one.hidden and one.name not in ("config", "help")]


def _argument(one: TyperArgument) -> str:
    name = (one.metavar or (one.name or "").upper()).strip("[]")
    return name if one.required else f"[{name}]"


def _choices(one: TyperArgument) -> str:
    annotation: Any = one.type_descriptor.annotation
    return f" One of {_kind(annotation)}." if get_origin(annotation) is Literal else ""


def _options(options: list[TyperOption]) -> list[str]:
    found: list[str] = []
    for one in options:
        names = ", ".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts))
        metavar = "" if one.is_flag else f" {one.metavar or _metavar(one)}"
        required = " (*required*)" if one.required else ""
        found.append(f"- {names}{metavar}{required}: {one.help or ''}{_by_default(one)}\n")
    return found


def _by_default(one: TyperOption) -> str:
    return f" By default `{one.default}`." if one.default not in (None, False, "") else ""


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
