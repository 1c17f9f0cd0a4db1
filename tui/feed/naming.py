"""Who is meant by the ids in a text: reasons, subjects and messages are stored with ids, and shown with names."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping

from storage import names_by_id
from storage.labels import name_in
from storage.store import Transaction

__all__ = ["Names", "name_in", "names_in", "told_by", "with_names"]

Names = Mapping[str, str]
"""Id → what a person calls it."""
_AN_ID = r"(?:mvo|cso|exp|rev)-\d{1,18}"
_ID = re.compile(rf"'interlock [^']*'|\({_AN_ID}\)|(?<![\w-]){_AN_ID}\b")
"""An id; or one that stands alone in brackets, behind its name, or in a command that is to be given as it is."""
_READERS: dict[str, Callable[[Transaction, Iterable[int]], Awaitable[dict[int, str]]]] = {
    "mvo": names_by_id.of_people,
    "cso": names_by_id.of_objects,
    "exp": names_by_id.of_exports,
    "rev": names_by_id.of_reviews,
}


def told_by(move: Mapping[str, object]) -> str:
    """Give what a transition tells by ids: a join by hand leads from one person to another."""
    return f"{move['from_status']} {move['to_status']} {move['reason']}"


async def names_in(tx: Transaction, texts: Iterable[str]) -> dict[str, str]:
    """Name all that texts have ids of, with one query for each kind."""
    wanted: dict[str, set[int]] = {}
    for text in texts:
        for found in _ID.findall(text):
            kind, _, number = found.partition("-")
            if kind in _READERS:
                wanted.setdefault(kind, set()).add(int(number))
    return {
        f"{kind}-{number}": name
        for kind, numbers in wanted.items()
        for number, name in (await _READERS[kind](tx, numbers)).items()
    }


def with_names(text: str, names: Names) -> str:
    """Put names before the ids in a text: `joined to mvo-2` becomes `joined to Ada Lovelace (mvo-2)`."""
    return _ID.sub(lambda found: f"{names[found[0]]} ({found[0]})" if found[0] in names else found[0], text)
