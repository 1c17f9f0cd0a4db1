"""Alembic migrations, run from here without an ini file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from storage.dialects.sqlite.opening import connect, make_sure_of


def upgrade(path: Path) -> None:
    """Bring a store file to the newest schema."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    make_sure_of(path)
    engine = create_engine("sqlite://", creator=lambda: connect(path))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
