"""Whether every lookup table can be read, and has what the rules read of it."""

from collections.abc import Iterator

from engine.connectors.base import CheckLine
from engine.expressions.sources import did_you_mean
from engine.expressions.tables import CannotRead, read
from engine.rules.lookups import expressions_by_scope
from engine.workspace import Workspace


def table_lines(workspace: Workspace) -> Iterator[CheckLine]:
    """Read each table, and compare its columns with what the rules read."""
    every = [one for expressions in expressions_by_scope(workspace.rules).values() for one in expressions]
    used = {reading for expression in every for reading in expression.reads.tables}
    for name, source in workspace.rules.tables.sources.items():
        try:
            table = read(source)
        except CannotRead as error:
            yield CheckLine(False, name, str(error))
            continue
        yield CheckLine(True, name, f"{len(table.rows):,} rows by '{source.key}'")
        for column in sorted({one.column for one in used if one.table == name} - set(table.columns)):
            hint = did_you_mean(column, table.columns)
            yield CheckLine(False, name, f"the rules read '{column}', and {source.path} has no such column{hint}")
