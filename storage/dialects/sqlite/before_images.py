"""What rows held before a step of a plan touched them: kept by triggers, in the plan's own copy of the store."""

from collections.abc import Sequence

from sqlalchemy import Table

from storage.dialects.asynchronous import AsyncConnection


async def keep_before_images(
    tx: AsyncConnection, images: Table, entity: str, table: Table, owner: str, names: Sequence[str]
) -> None:
    """Keep from now on, by triggers, what a row held before a step first touched it: a JSON array, null if it is new.

    `images` has the columns `step_id`, `entity`, `id`, `owner_id` and `row`; the step is the newest there is, and
    `owner` names the column that `owner_id` is taken from.
    """
    old = f"json_array({', '.join(f'OLD.{name}' for name in names)})"
    for verb, row, image in (("INSERT", "NEW", "NULL"), ("UPDATE", "OLD", old), ("DELETE", "OLD", old)):
        step = "(SELECT max(id) FROM steps)"
        known = f"SELECT 1 FROM {images.name} WHERE step_id = {step} AND entity = '{entity}' AND id = {row}.id"  # noqa: S608
        await tx.exec_driver_sql(
            f"CREATE TRIGGER {images.name}_{table.name}_{verb.lower()} AFTER {verb} ON {table.name} "  # noqa: S608
            f"WHEN NOT EXISTS ({known}) BEGIN "
            f"INSERT INTO {images.name} VALUES ({step}, '{entity}', {row}.id, {row}.{owner}, {image}); END"
        )
