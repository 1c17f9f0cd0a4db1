"""The `csv` connector's own keys of the configuration."""

import codecs
from pathlib import Path

from pydantic import Field, field_validator

from engine.configuration.models import Model


class CsvOptions(Model):
    """`[systems.NAME]` with `connector = "csv"`."""

    path: Path | None = None
    """The file, for a system with a single object type."""
    encoding: str = "utf-8"
    """How its bytes are read."""
    delimiter: str = Field(",", min_length=1, max_length=1)
    """Between columns."""
    quote: str = Field('"', min_length=1, max_length=1)
    """Around cells that hold a delimiter, or a line end."""
    separator: str = Field("|", min_length=1)
    """Between the values of a multi-valued column."""

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            return codecs.lookup(name).name
        except LookupError:
            raise ValueError(f"no encoding is called '{name}'") from None


class CsvObjectOptions(Model):
    """`[systems.NAME.objects.TYPE]`: the type's own file."""

    path: Path | None = None
    """The type's own file."""
