"""New stores: the newest schema at once, to which the migrations would come one after the other."""

from contextlib import closing
from importlib.resources import files
from pathlib import Path

from storage.dialects.sqlite.opening import connect, make_sure_of

SCHEMA = "schema.sql"


def create(path: Path) -> None:
    """Make an empty file, or none yet, a store of the newest schema."""
    make_sure_of(path)
    script = files(__package__).joinpath(SCHEMA).read_text(encoding="utf-8")
    with closing(connect(path)) as connection:
        connection.executescript(script)


def schema_of(path: Path) -> str:
    """Give the script that makes a store like one that was just made: its schema, and the few rows it begins with."""
    with closing(connect(path)) as connection:
        return "".join(f"{line}\n" for line in connection.iterdump())
