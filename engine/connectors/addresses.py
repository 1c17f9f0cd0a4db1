"""Addresses of systems: no password stands in one, for it would be kept, shown and told wherever the address is."""

from urllib.parse import urlsplit


def refuse_password(text: str) -> None:
    """Raise `ValueError`, which does not say it again, for an address with a user or a password in it."""
    try:
        is_named = "@" in urlsplit(text).netloc
    except ValueError:
        is_named = False
    if is_named:
        raise ValueError("no user or password belongs into the address; name the place of the password by 'password'")


def shown(text: str) -> str:
    """Give what may be said of an address that cannot be read: nothing that may be a password."""
    return "it" if "@" in text else f"'{text}'"
