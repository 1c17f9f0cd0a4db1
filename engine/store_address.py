"""Where a configuration says that its store is, as the store takes it."""

from functools import partial
from pathlib import Path

from engine.configuration.models import Config
from engine.configuration.secrets import Secret
from engine.errors import CredentialsRefused
from storage.errors import StoreUnreadable
from storage.place import ServerAddress


def store_address(config: Config) -> Path | ServerAddress:
    """Give the file of the store, or the address of its database."""
    kept = config.store
    if kept.url is None:
        return config.folder / kept.path
    return ServerAddress(
        kept.url, config.folder, partial(_reveal, kept.password, config.folder) if kept.password else None
    )


def _reveal(password: Secret, folder: Path) -> str:
    try:
        return password.reveal(folder)
    except CredentialsRefused as error:
        raise StoreUnreadable(f"the store's password: {error}") from error
