"""The configuration as a run keeps it, to compare a later one with."""

from typing import Any, NamedTuple

from engine.configuration.models import Config
from storage import clock, runs
from storage.documents import decode, encode
from storage.store import Transaction

Document = dict[str, Any]
MARK = "configuration"
"""The mark of rules under which the store keeps it."""


class Since(NamedTuple):
    """The run whose configuration it is compared with."""

    run_id: int
    at: str
    config: Document


def as_kept(config: Config, run_id: int) -> str:
    """Give the configuration as it is kept with the run that begins under it; secrets are named in it, never held."""
    return encode({"run": run_id, "at": clock.now(), "config": plain(config)})


def plain(config: Config) -> Document:
    """Give what the files say, without what goes without saying."""
    found: Document = config.model_dump(mode="json", by_alias=True, exclude={"folder"}, exclude_defaults=True)
    return found


async def last_ran(tx: Transaction) -> Since | None:
    """Give the configuration of the last run; None where none has begun since they are kept."""
    kept = await runs.rule_mark(tx, MARK)
    if kept is None:
        return None
    found = decode(kept)
    return Since(found["run"], found["at"], found["config"])
