"""What SQLite is given to match regular expressions by: it has none of its own."""

import sqlite3

import orjson

from storage.patterns import compiled


def teach(connection: sqlite3.Connection) -> None:
    """Let a connection know the functions `matches` and `value_matches`."""
    connection.create_function("matches", 2, _matches, deterministic=True)
    connection.create_function("value_matches", 3, _value_matches, deterministic=True)


def _matches(text: object, pattern: str) -> bool:
    return text is not None and compiled(pattern).search(str(text)) is not None


def _value_matches(document: str, name: str | None, pattern: str) -> bool:
    """Tell whether a value in a document of attributes matches: of one attribute, whatever its case, or of any."""
    search = compiled(pattern).search
    for key, values in orjson.loads(document).items():
        if name is not None and key.casefold() != name.casefold():
            continue
        for value in values if isinstance(values, list) else [values]:
            if search(value if isinstance(value, str) else orjson.dumps(value).decode()) is not None:
                return True
    return False
