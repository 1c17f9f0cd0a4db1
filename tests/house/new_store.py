"""Write the schema of a new store as the migrations make it."""

import sys
import tempfile
from pathlib import Path

from storage.dialects.sqlite import new_store
from storage.dialects.sqlite.place import upgrade

SCHEMA = Path(new_store.__file__).with_name(new_store.SCHEMA)


def schema() -> str:
    """Give the script."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        upgrade(path)
        return new_store.schema_of(path)


def main() -> int:
    """Write it."""
    SCHEMA.write_text(schema(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
