"""How a table is named in the configuration: with its schema before a dot, in double quotes where that has to be."""

import re

_PART = re.compile(r'"((?:[^"]|"")+)"(?=\.|$)|([^".]+)(?=\.|$)')


def parted(text: str) -> tuple[str | None, str]:
    """Give the schema, if one is named, and the table: `staff.person`, `"staff.old"."per.son"`."""
    parts, at = [], 0
    while found := _PART.match(text, at):
        quoted, plain = found.groups()
        parts.append(plain if quoted is None else quoted.replace('""', '"'))
        at = found.end() + 1
    if at <= len(text):  # it is no name as SQL writes them: all before the last dot is the schema's
        schema, _, table = text.rpartition(".")
        return schema or None, table
    return ".".join(parts[:-1]) or None, parts[-1]


def written(schema: str | None, table: str) -> str:
    """Write a table's name as `parted` reads it."""
    return ".".join(_quoted(part) for part in (schema, table) if part is not None)


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"' if "." in part or '"' in part else part
