"""Secrets come from the environment or a file with tight permissions; the configuration only names them."""

import os
import stat
from pathlib import Path
from typing import Self

from pydantic import model_validator

from engine.errors import CredentialsRefused
from engine.models import Model


class Secret(Model):
    """Where a secret is: `{ env = "NAME" }` or `{ file = "PATH" }`."""

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError('name one place for the secret: { env = "NAME" } or { file = "PATH" }')
        return self

    def reveal(self, folder: Path) -> str:
        """Read the secret. Raises `CredentialsRefused` where it is missing or its file is open to others."""
        if self.env is not None:
            if not (found := os.environ.get(self.env)):
                raise CredentialsRefused(f"the environment variable {self.env} is not set; it should hold a password")
            return found
        path = folder / (self.file or "")
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise CredentialsRefused(f"{path}: can be read by others; make it private with 'chmod 600'")
            return path.read_text().strip()
        except OSError as error:
            raise CredentialsRefused(f"{path}: cannot be read: {error.strerror}") from error
