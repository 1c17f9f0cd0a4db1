"""The tables, indexes and guards of a store on PostgreSQL."""

from importlib.resources import files
from typing import Any

import psycopg
from sqlalchemy import BigInteger, Identity, MetaData, Text, text
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from storage.dialects.base import REVISIONS
from storage.tables import metadata
from storage.tables.base import ONLY

GUARDS = "guards.sql"
_DIALECT = dialect()  # type: ignore[no-untyped-call]
_VERSION = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY)"
_CHANGES = "CREATE TABLE store_changes (number BIGINT NOT NULL)"


def tables() -> MetaData:
    """Give the tables as PostgreSQL has them: texts in the order of their bytes, ids that are given by the database."""
    own = MetaData()
    for table in metadata.sorted_tables:
        conditions = {index.name: index.info.get(ONLY) for index in table.indexes}
        for index in table.to_metadata(own).indexes:
            if (condition := conditions[index.name]) is not None:
                index.dialect_options["postgresql"]["where"] = text(condition)
    for table in own.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Text):
                column.type = Text(collation="C")
        counted = table.autoincrement_column
        if counted is not None:
            counted.type = BigInteger()
            counted._init_items(Identity(always=False))
    return own


def statements() -> list[str]:
    """Give what makes the tables and their indexes in the first schema of the search path."""
    made = []
    for table in tables().sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=_DIALECT)))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        made += [str(CreateIndex(index).compile(dialect=_DIALECT)) for index in indexes]
    return [*made, _CHANGES, _VERSION]


def guards(schema: str) -> str:
    """Give what makes the triggers of a schema, whose name is quoted where it has to be."""
    return files(__package__).joinpath(GUARDS).read_text(encoding="utf-8").replace("{schema}", schema)


def create(connection: psycopg.Connection[Any], schema: str) -> None:
    """Make an empty schema, which is the first of the search path, a store; in the transaction of a connection."""
    with connection.cursor() as cursor:
        for statement in statements():
            cursor.execute(statement.encode())
        cursor.execute(guards(schema).encode())
        cursor.execute("INSERT INTO store_changes VALUES (0)")
        cursor.execute("INSERT INTO alembic_version VALUES (%s)", [REVISIONS[-1]])
