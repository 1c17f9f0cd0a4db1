"""Who may do what in a store on PostgreSQL, as statements for the owner of its database."""

from storage.dialects.postgresql.writing import quote


def statements(database: str, schema: str, role: str, *, writes: bool) -> list[str]:
    """Let a role read the store, and where it `writes` add, change and remove; but the audit log only grows.

    Nobody of them owns a table, so that nobody can take the triggers away.
    """
    whose, place = quote(role), quote(schema)
    found = [
        f"GRANT CONNECT, TEMPORARY ON DATABASE {quote(database)} TO {whose}",
        f"GRANT USAGE ON SCHEMA {place} TO {whose}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {place} FROM {whose}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {place} TO {whose}",
    ]
    if writes:
        found += [
            f"GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {place} TO {whose}",
            f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA {place} TO {whose}",  # to back the store up
            f"REVOKE UPDATE, DELETE ON {place}.audit FROM {whose}",
            f"REVOKE INSERT, UPDATE, DELETE ON {place}.alembic_version FROM {whose}",
        ]
    return found
