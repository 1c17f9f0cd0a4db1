"""Owners of join keys: under which name the keys of a type, and of those who wait for it, are kept."""

COMPUTED_GROUPS = "computed groups"
"""Under which the MVOs of computed groups are found by name."""


def of_metaverse(mvo_type: str) -> str:
    """Give the owner of the keys that MVOs of a type have."""
    return f"metaverse.{mvo_type}"


def of_system(system: str, object_type: str) -> str:
    """Give the owner of the keys that objects of a system's type have."""
    return f"{system}.{object_type}"


def formerly(mvo_type: str) -> str:
    """Give the owner of the keys that MVOs of a type had while somebody gave them who has left."""
    return f"formerly {of_metaverse(mvo_type)}"


def waiting_for(what: str) -> str:
    """Give the owner of the keys of those who would join one of a type, and found none.

    `what` is an MVO type for those who wait for an MVO, and the owner of the type's keys for those who wait for an
    account.
    """
    return f"waiting for {what}"
