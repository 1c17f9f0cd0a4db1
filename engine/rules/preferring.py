"""Compile which of a person's rows goes first: `prefer = "start_date desc, code"`."""

import re
from collections.abc import Iterator

from engine.configuration import external_ids
from engine.configuration.models import Config
from engine.expressions.expression import InvalidExpression, compile_flow
from engine.rules.compiled import Preference, PreferKey
from engine.rules.readable import Side, Where, read

_NUMBERS = frozenset({"integer", "decimal"})
_KEY = re.compile(r"(.*\S)\s+(asc|desc)", re.DOTALL)
_PIECE = re.compile(r"""'[^']*'|"[^"]*"|.""", re.DOTALL)
"""A quoted text, or one character."""


class Preferences:
    """Compiles what the rules from one type of objects prefer."""

    def __init__(self, config: Config, system: str, kind: str, side: Side) -> None:
        settings = config.systems[system].objects[kind]
        self._side = side
        self._counts = external_ids.kind_of(settings) in _NUMBERS

    def __call__(self, where: Where, written: str | None) -> Preference | None:
        """Compile a preference; None where a person has one row at most. Raises `InvalidExpression`."""
        if not self._side.has_rows:
            if written is None:
                return None
            problem = "it says which of several rows of one person goes first, and a person has one: allow many with "
            raise InvalidExpression(f'{problem}joins = "many" in {self._side.title}', where)
        keys = () if written is None else tuple(self._key(where, one) for one in _split(where, written))
        return Preference(written or "", keys, self._counts)

    def _key(self, where: Where, written: str) -> PreferKey:
        directed = _KEY.fullmatch(written)
        text, descending = (directed[1], directed[2] == "desc") if directed else (written, False)
        return PreferKey(read(where, f"{{{{ {text} }}}}", compile_flow, self._side), descending)


def _split(where: Where, written: str) -> Iterator[str]:
    """Give the keys between the commas, but for those within brackets and quotes. Raises `InvalidExpression`."""
    keys, depth = [""], 0
    for piece in _PIECE.findall(written):
        depth += (piece in "([{") - (piece in ")]}")
        if piece == "," and not depth:
            keys.append("")
        else:
            keys[-1] += piece
    for key in keys:
        if not key.strip():
            raise InvalidExpression("write by what the rows are put in order, such as 'start_date desc, code'", where)
        yield key.strip()
