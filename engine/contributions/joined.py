"""Who is joined to whom."""

from collections.abc import Iterable

from storage.records import Cso


def by_mvo(csos: Iterable[Cso]) -> dict[int, list[Cso]]:
    """Give CSOs by the MVO that each is joined to; those that are joined to nobody are left out."""
    joined: dict[int, list[Cso]] = {}
    for cso in csos:
        if cso.mvo_id is not None:
            joined.setdefault(cso.mvo_id, []).append(cso)
    return joined


def mvos_of(csos: Iterable[Cso]) -> set[int]:
    """Give the MVOs that some CSOs are joined to."""
    return {cso.mvo_id for cso in csos if cso.mvo_id is not None}
