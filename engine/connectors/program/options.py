"""What can be configured of a program."""

from datetime import timedelta
from typing import Any

from pydantic import Field, field_validator

from engine.configuration.models import Model
from engine.configuration.secrets import Secret
from engine.configuration.values import Duration


class ProgramOptions(Model):
    """`[systems.NAME]` with `connector = "program"`."""

    command: list[str] = Field(min_length=1)
    """The program and its arguments, as they are: no shell takes part. A path begins in the configuration's folder."""
    environment: dict[str, str | Secret] = Field(default_factory=dict)
    """Variables that it gets besides `PATH`, `HOME`, `LANG` and `TZ`; secrets are given to it in no other way."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Whatever it wants to be told; Interlock does not look at it."""
    timeout: Duration = timedelta(minutes=1)
    """How long it may say nothing while something is asked of it; then it is ended."""
    memory_mb: int | None = Field(None, ge=16)
    """How much address space it may take, in MB; by default as much as it likes."""

    @field_validator("command")
    @classmethod
    def _has_no_null(cls, words: list[str]) -> list[str]:
        if not words[0].strip() or any("\0" in word for word in words):
            raise ValueError("name the program, and its arguments, each as a text")
        return words


class ProgramObjectOptions(Model):
    """`[systems.NAME.objects.TYPE]`: nothing of its own."""
