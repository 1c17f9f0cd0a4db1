"""Try an expression over an object: what comes of it, and what it reads."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from jinja2 import Undefined

from engine.contributions.contexts import Contexts
from engine.contributions.followed import read_followed
from engine.errors import ObjectFailed
from engine.explaining.scopes import Document, rows_of
from engine.expressions.expression import compile_flow, compile_flow_of_rows
from engine.labels import label_of, label_of_mvo
from engine.rules.generated import attributes_of_all, filled_attributes
from engine.rules.readable import Side, read, side_of_metaverse, side_of_system
from engine.workspace import Workspace
from storage import objects
from storage.records import Cso, Mvo
from storage.store import Transaction

_KINDS: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    Decimal: "decimal",
    float: "decimal",
    datetime: "datetime",
    date: "date",
    bytes: "binary",
    str: "text",
}


async def tried(tx: Transaction, workspace: Workspace, text: str, thing: Cso | Mvo) -> Document:
    """Evaluate an expression over an object as rules would. Raises `InvalidExpression`."""
    written = text if "{{" in text or "{%" in text else f"{{{{ {text} }}}}"
    side = _side(workspace, thing)
    expression = read(("expression",), written, compile_flow_of_rows if side.has_rows else compile_flow, side)
    if expression.reads.tables:
        workspace.rules.tables.forget()
    await asyncio.to_thread(workspace.rules.tables.current)  # files of some size, beside the console's own loop
    if isinstance(thing, Mvo):
        paths = frozenset(one for one in expression.reads.paths if side.type_of(one[0]).kind == "reference")
        followed = await read_followed(tx, workspace, [thing], {thing.type: paths})
        seen = followed.into(workspace.seen_mvo(thing.type, thing.attributes)(), thing)
    elif expression.is_of_rows:
        seen = Contexts(workspace).of_rows(await _rows_with(tx, thing))
    else:
        seen = workspace.seen(thing.system, thing.type, thing.attributes)()
    found: Document = {
        "id": f"{'mvo' if isinstance(thing, Mvo) else 'cso'}-{thing.id}",
        "label": label_of_mvo(thing) if isinstance(thing, Mvo) else label_of(thing),
        "expression": text,
        "value": None,
        "type": "absent",
        "reads": {name: _plain(value) for name, value in expression.seen(seen).items() if value != "looked up"},
        "looks_up": rows_of(expression, seen),
        "error": None,
    }
    try:
        # what may take its two seconds is waited for beside the console, which goes on
        value = await asyncio.to_thread(expression, seen) if expression.is_watched(seen) else expression(seen)
    except ObjectFailed as failure:
        found["type"], found["error"] = "error", failure.error.message
    else:
        found["value"], found["type"] = _plain(value), _type_of(value)
    return found


async def _rows_with(tx: Transaction, cso: Cso) -> list[Cso]:
    """Give a row with the others of its person behind it, by their ids: an order is what a rule prefers."""
    others = await objects.joined_to(tx, [cso.mvo_id]) if cso.mvo_id is not None else []
    return [cso, *(one for one in others if one.id != cso.id and (one.system, one.type) == (cso.system, cso.type))]


def _side(workspace: Workspace, thing: Cso | Mvo) -> Side:
    """Give what is known of the attributes there, to tell of a name that nothing can stand behind."""
    config = workspace.config
    if isinstance(thing, Mvo) and thing.type in config.metaverse:
        side = side_of_metaverse(config, thing.type, filled_attributes(config, workspace.rules, thing.type))
        return side._replace(beyond=attributes_of_all(config, workspace.rules))
    if isinstance(thing, Cso) and thing.system in config.systems and thing.type in config.systems[thing.system].objects:
        return side_of_system(config, thing.system, thing.type)
    return Side("the store", {}, frozenset(thing.attributes), tables=frozenset(config.lookups))


def _type_of(value: Any) -> str:
    if value is None or value == "" or isinstance(value, Undefined):
        return "absent"
    if isinstance(value, (list, tuple)):
        kinds = dict.fromkeys(map(_type_of, value))
        return f"list of {' and '.join(kinds)}" if kinds else "absent"
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), type(value).__name__)


def _plain(value: Any) -> Any:
    """Give a value as JSON and the terminal take it."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return None if isinstance(value, Undefined) else value.hex() if isinstance(value, bytes) else str(value)
