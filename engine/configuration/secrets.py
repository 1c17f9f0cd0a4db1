"""Secrets come from the environment, a private file or the keyring; the configuration only names them."""

import importlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, model_validator

from engine.configuration.base import Model
from engine.errors import CredentialsRefused


class Secret(Model):
    """Where a secret is, one of three: `{ env = "NAME" }`, `{ file = "PATH" }` or `{ keyring = "SERVICE/USER" }`."""

    env: str | None = None
    """The environment variable that holds it."""
    file: Path | None = None
    """The file that holds it; only its owner may be able to read it (mode 0600)."""
    keyring: str | None = Field(None, pattern=".+/.+")
    """Service and user under which the keyring of the operating system has it; the package `keyring` has to be
    installed."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(place is not None for place in (self.env, self.file, self.keyring)) != 1:
            raise ValueError(
                'name one place for the secret: { env = "NAME" }, { file = "PATH" } or { keyring = "SERVICE/USER" }'
            )
        return self

    def reveal(self, folder: Path) -> str:
        """Read the secret. Raises `CredentialsRefused` where it is missing or its file is open to others."""
        if self.env is not None:
            if not (found := os.environ.get(self.env)):
                raise CredentialsRefused(f"the environment variable {self.env} is not set; it should hold a password")
            return found
        if self.keyring is not None:
            return _from_keyring(*self.keyring.rsplit("/", 1))
        path = folder / (self.file or "")
        try:
            with path.open() as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise CredentialsRefused(f"{path}: can be read by others; make it private with 'chmod 600'")
                return file.read().strip()
        except OSError as error:
            raise CredentialsRefused(f"{path}: cannot be read: {error.strerror}") from error


def unset_variables(model: object) -> Iterator[str]:
    """Give the variables that secrets anywhere in a part of the configuration name, and that are not set."""
    if isinstance(model, Secret):
        if model.env is not None and not os.environ.get(model.env):
            yield model.env
    elif isinstance(model, BaseModel):
        for name in type(model).model_fields:
            yield from unset_variables(getattr(model, name))
    elif isinstance(model, dict | list):
        for one in model.values() if isinstance(model, dict) else model:
            yield from unset_variables(one)


def _from_keyring(service: str, user: str) -> str:
    """Ask the system's keyring, through the package `keyring`. Raises `CredentialsRefused`."""
    try:
        keyring = importlib.import_module("keyring")
    except ImportError as error:
        raise CredentialsRefused(
            f"the keyring of '{service}/{user}' needs the package keyring: install it beside Interlock"
        ) from error
    try:
        found = keyring.get_password(service, user)
    except Exception as error:
        # every backend has errors of its own, and none of them may take what it read along
        raise CredentialsRefused(
            f"the keyring cannot be asked for '{service}/{user}': {type(error).__name__}"
        ) from None
    if not found:
        raise CredentialsRefused(f"the keyring holds nothing for '{service}/{user}'")
    return str(found)
