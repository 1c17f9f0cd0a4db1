"""Addresses of systems: no password stands in one, for it would be kept, shown and told wherever the address is."""

from urllib.parse import SplitResult, urlsplit


def refuse_password(text: str) -> None:
    """Raise `ValueError`, which does not say it again, for an address with a user or a password in it."""
    try:
        parts = urlsplit(text)
        is_named = "@" in (parts.netloc if has_port(parts) else text)  # what is no port may begin a password
        is_cut = has_slash_in_password(parts)
    except ValueError:
        is_named, is_cut = "@" in text, False
    if is_named or is_cut:
        further = "; an @ in a path is written %40" if is_cut and not is_named else ""
        told = "no user or password belongs into the address; name the place of the password by 'password'"
        raise ValueError(told + further)


def has_slash_in_password(parts: SplitResult) -> bool:
    """Tell whether what is taken for host and port may be a user and the beginning of a password: `me:1/2@host`."""
    is_a_port = ":" in parts.netloc.rpartition("]")[2]
    return is_a_port and any("@" in part for part in (parts.path, parts.query, parts.fragment))


def has_port(parts: SplitResult) -> bool:
    """Tell whether the port of an address is one, or left out."""
    try:
        return parts.scheme == "ldapi" or parts.port != 0
    except ValueError:
        return False


def shown(text: str) -> str:
    """Give what may be said of an address that cannot be read: nothing that may be a password."""
    return "it" if "@" in text else f"'{text}'"
