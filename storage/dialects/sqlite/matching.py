"""What SQLite is given to match regular expressions by: it has none of its own."""

import sqlite3

import orjson

from storage.patterns import compiled, in_lines


def teach(connection: sqlite3.Connection) -> None:
    """Let a connection know the functions `matches` and `value_matches`."""
    connection.create_function("matches", 2, _matches, deterministic=True)
    connection.create_function("value_matches", 3, _value_matches, deterministic=True)


def _matches(text: object, pattern: str) -> bool:
    return text is not None and compiled(pattern).search(str(text)) is not None


def _value_matches(document: str, name: str | None, pattern: str) -> bool:
    """Tell whether a value in a document of attributes matches: of one attribute, whatever its case, or of any."""
    found = orjson.loads(document)
    if name is not None:
        found = {key: values for key, values in found.items() if key.casefold() == name.casefold()}
    texts = [_text(value) for values in found.values() for value in (values if isinstance(values, list) else [values])]
    # most documents are ruled out by one look at all values together, a line each
    if in_lines(pattern).search("\n".join(texts)) is None:
        return False
    search = compiled(pattern).search
    return any(search(text) is not None for text in texts)


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
