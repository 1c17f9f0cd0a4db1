"""Addresses of systems: no password stands in one, for it would be kept, shown and told wherever the address is."""

from urllib.parse import SplitResult, urlsplit


def refuse_password(text: str) -> None:
    """Raise `ValueError`, which does not say it again, for an address with a user or a password in it."""
    try:
        parts = urlsplit(text)
        is_named = "@" in (parts.netloc if has_port(parts) else text)  # what is no port may begin a password
    except ValueError:
        is_named = "@" in text
    if is_named:
        raise ValueError("no user or password belongs into the address; name the place of the password by 'password'")


def has_port(parts: SplitResult) -> bool:
    """Tell whether the port of an address is one, or left out."""
    try:
        return parts.scheme == "ldapi" or parts.port != 0
    except ValueError:
        return False


def shown(text: str) -> str:
    """Give what may be said of an address that cannot be read: nothing that may be a password."""
    return "it" if "@" in text else f"'{text}'"
