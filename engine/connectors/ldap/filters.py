"""Search filters (RFC 4515), read and escaped by ldap3: slow to import, and so imported when one is first met."""

from functools import lru_cache


@lru_cache(maxsize=64)
def compiled(text: str) -> bytes:
    """Encode a filter (RFC 4511) as ldap3 does. Raises `ValueError` for what is no filter."""
    from ldap3.core.exceptions import LDAPException  # noqa: PLC0415
    from ldap3.operation.search import compile_filter, parse_filter  # noqa: PLC0415
    from ldap3.utils.asn1 import encode  # noqa: PLC0415

    try:
        node = parse_filter(text, None, False, False, None, False).elements[0]
        encoded: bytes = encode(compile_filter(node))
    except LDAPException as error:
        raise ValueError(f"'{text}' is no LDAP filter: {error}") from error
    return encoded


@lru_cache(maxsize=64)
def escaped(text: str) -> str:
    """Escape what means something in a filter."""
    from ldap3.utils.conv import escape_filter_chars  # noqa: PLC0415

    safe: str = escape_filter_chars(text)
    return safe
