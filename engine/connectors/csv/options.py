"""The `csv` connector's own keys of the configuration."""

import codecs
import io
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from engine.configuration.models import Model
from engine.connectors.deliveries import DeliveryOptions

_LINE = "id,name\n1,Ada\n"
Width = Annotated[int, Field(ge=1, le=100_000)]


class CsvOptions(DeliveryOptions):
    """`[systems.NAME]` with `connector = "csv"`."""

    path: Path | None = None
    """The file, for a system with a single object type; or a pattern such as `in/*.csv`."""
    encoding: str = "utf-8"
    """How its bytes are read."""
    delimiter: str = Field(",", min_length=1, max_length=1)
    """Between columns."""
    quote: str = Field('"', min_length=1, max_length=1)
    """Around cells that hold a delimiter, or a line end."""
    separator: str = Field("|", min_length=1)
    """Between the values of a multi-valued column."""
    quoting: Literal["minimal", "all"] = "minimal"
    """Which cells are quoted where a file is written: those that need it, or all."""

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            known = codecs.lookup(name).name
            _ensure_text(known)
        except LookupError:
            raise ValueError(f"no encoding of text is called '{name}'") from None
        return known


def _ensure_text(encoding: str) -> None:
    """Raise `LookupError` for what Python calls an encoding, and no file of text is written in."""
    try:
        with io.TextIOWrapper(io.BytesIO(), encoding) as file:
            file.write(_LINE)
            file.flush()
            file.seek(0)
            if file.read() == _LINE:
                return
    except UnicodeError:
        pass
    raise LookupError(encoding)


class CsvObjectOptions(Model):
    """`[systems.NAME.objects.TYPE]`: the type's own file, and which of it is of the type."""

    path: Path | None = None
    """The type's own file, or a pattern."""
    member: str | None = None
    """The file in a ZIP archive, where that holds several."""
    sheet: str | None = None
    """The sheet of a spreadsheet; by default the first."""
    only: dict[str, str | list[str]] = Field({})
    """Column → what it holds in rows of this type: other rows are of other types."""
    columns: dict[str, Width] = Field({})
    """Column → its width in characters, in their order: the file has columns of fixed widths, and no header."""
    header: list[str] = Field([])
    """The order of the columns in a file that is made new, or is still empty; others follow."""

    @model_validator(mode="after")
    def _one_column(self) -> Self:
        if len(self.only) > 1:
            raise ValueError("'only' names one column")
        return self
