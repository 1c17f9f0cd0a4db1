"""Bring a store in a database to the newest schema, by the revisions that files of SQLite have as well."""

from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.base import PGTypeCompiler


class _Types(PGTypeCompiler):
    """Writes the types of a revision as the tables have them: texts in the order of their bytes, numbers of 64 bits."""

    def visit_TEXT(self, type_: Any, **options: Any) -> str:  # noqa: N802
        if type_.collation:
            return str(super().visit_TEXT(type_, **options))
        return 'TEXT COLLATE "C"'

    def visit_INTEGER(self, type_: Any, **options: Any) -> str:  # noqa: ARG002, N802
        return "BIGINT"


def upgrade(connect: Callable[[], psycopg.Connection[Any]], lock: int) -> None:
    """Carry out the revisions that are missing, in one transaction, while nobody else does under the same lock."""
    from storage import migrations  # noqa: PLC0415 - Alembic is slow to import and rarely needed

    engine = create_engine("postgresql+psycopg://", creator=connect)
    engine.dialect.type_compiler_instance = _Types(engine.dialect)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock})")
            migrations.upgrade(connection)
    finally:
        engine.dispose()
