"""`[console]`: how the console looks and listens."""

from typing import Literal

from pydantic import Field

from engine.configuration.base import Model
from engine.configuration.values import Keys


class ConsoleConfig(Model):
    """`[console]`: how the console looks and listens; what is left out is chosen from the terminal."""

    theme: Literal["dark", "light", "ansi"] | None = None
    """The colours; by default what suits the terminal."""
    ascii: bool | None = None
    """Whether everything is shown in ASCII alone; by default where the locale is not UTF-8."""
    mouse: bool | None = None
    """Whether the console takes the mouse; by default not over SSH, where it would take selection and copy away."""
    restricted: bool = False
    """Whether the console reaches nothing but itself: it writes no files, and heeds few variables."""
    arm_minutes: int = Field(10, ge=1, le=60)
    """How long the console may write before it is read-only again."""
    keys: dict[str, Keys] = Field(default_factory=dict)
    """Binding id → its keys, separated by commas."""
