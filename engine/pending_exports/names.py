"""The names that objects are to be written under."""

from engine.errors import ObjectFailed
from engine.values import dn


def check_dn(text: str | None) -> None:
    """Raise `ObjectFailed` with `dn-not-determined` for a DN that no entry can have."""
    try:
        dn.check(text or "")
    except dn.InvalidDn as error:
        raise ObjectFailed(
            "dn-not-determined",
            f"the DN cannot be built: {error}",
            "give the object the missing value at its source, or change the rule's dn ('| rdn' escapes a value)",
        ) from error
