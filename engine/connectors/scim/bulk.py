"""Write many resources with one request, where the service offers that (RFC 7644 §3.7)."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import orjson

from engine.connectors.base import ExportResult
from engine.connectors.scim.answers import BROKEN, FAILED, Answer, BrokenOver
from engine.connectors.scim.paths import Resource, get
from engine.connectors.scim.service import Service
from engine.connectors.scim.writing import Change, Writing
from engine.errors import ConnectionLost

_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_AROUND = 200
"""How many bytes a request has beside its operations, at most."""
_TOO_LARGE = 413
Outcome = ExportResult | BaseException


class Limits(NamedTuple):
    """What a service takes with one request."""

    operations: int
    size: int
    """In bytes."""

    @classmethod
    def of(cls, config: Resource) -> "Limits | None":
        """Read them from a `ServiceProviderConfig`; None where it offers no bulk requests."""
        bulk = get(config, "bulk")
        if get(bulk, "supported") is not True:
            return None
        most, size = get(bulk, "maxOperations"), get(bulk, "maxPayloadSize")
        if not (isinstance(most, int) and isinstance(size, int) and most > 1 and size > _AROUND):
            return None
        return cls(most, size)


class _Prepared(NamedTuple):
    """A change that is ready to be sent."""

    number: int
    writing: Writing
    change: Change

    @property
    def operation(self) -> Resource:
        """Give it as a part of a bulk request; only what is created has no path of its own, and so a name."""
        found: Resource = {"method": self.change.method, "path": self.change.path}
        if self.change.method == "POST":
            found["bulkId"] = str(self.number)
        if self.change.etag:
            found["version"] = self.change.etag
        return found | ({"data": self.change.document} if self.change.document is not None else {})


async def write_in_bulk(service: Service, limits: Limits, writings: Sequence[Writing]) -> list[Outcome]:
    """Carry operations out; give a result for each, or what kept it from being known."""
    asked = await asyncio.gather(*(one.prepared() for one in writings), return_exceptions=True)
    outcomes: dict[int, Outcome] = {}
    ready = []
    for index, (writing, change) in enumerate(zip(writings, asked, strict=True)):
        if isinstance(change, Change):
            ready.append(_Prepared(index, writing, change))
        else:
            outcomes[index] = writing.done() if change is None else writing.failed(change)
    sent = await asyncio.gather(*(_send(service, part) for part in _parts(ready, limits)))
    for part in sent:
        outcomes |= part
    return [outcomes[index] for index in range(len(writings))]


def _parts(ready: Sequence[_Prepared], limits: Limits) -> Iterator[list[_Prepared]]:
    """Give the changes in parts that the service takes; one that is too large for it in a part of its own."""
    part: list[_Prepared] = []
    size = _AROUND
    for one in ready:
        own = len(orjson.dumps(one.operation)) + 1
        if part and (len(part) == limits.operations or size + own > limits.size):
            yield part
            part, size = [], _AROUND
        part.append(one)
        size += own
    if part:
        yield part


async def _send(service: Service, part: Sequence[_Prepared]) -> dict[int, Outcome]:
    """Send changes with one request; where the service takes that as a whole, each by itself."""
    if len(part) == 1:
        return await _each(part)
    document = {"schemas": [_REQUEST], "Operations": [one.operation for one in part]}
    try:
        answer = await service.change("POST", "/Bulk", document)
    except BrokenOver as failure:  # of the whole request: that says nothing of any single change
        return {one.number: ConnectionLost(str(failure)) for one in part}
    except Exception as failure:
        return {one.number: failure for one in part}
    if answer.status == _TOO_LARGE:
        half = len(part) // 2
        return await _send(service, part[:half]) | await _send(service, part[half:])
    if answer.status >= 300:
        return await _each(part)  # the request was refused as a whole: nothing of it took place
    listed = get(answer.document, "Operations")
    results = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    own = _by_change(part, results)
    outcomes = await asyncio.gather(*(_outcome(one, own[one.number]) for one in part), return_exceptions=True)
    return {one.number: outcome for one, outcome in zip(part, outcomes, strict=True)}


async def _each(part: Sequence[_Prepared]) -> dict[int, Outcome]:
    done = await asyncio.gather(*(one.writing.sent(one.change) for one in part), return_exceptions=True)
    return {one.number: outcome for one, outcome in zip(part, done, strict=True)}


def _by_change(part: Sequence[_Prepared], results: Sequence[Resource]) -> dict[int, list[Resource]]:
    """Give the results of each change, by its number: one, if the answer is as it should be.

    Some services do not say whose a result is, but of creates: then it is that in the same place, if all are there.
    """
    found = {one.number: [result for result in results if _is_of(result, one)] for one in part}
    are_in_order = [str(get(result, "method")).upper() for result in results] == [one.change.method for one in part]
    if are_in_order:
        for one, result in zip(part, results, strict=True):
            if get(result, "location") is None and get(result, "bulkId") is None:
                found[one.number].append(result)
    return found


async def _outcome(one: _Prepared, own: Sequence[Resource]) -> ExportResult:
    """Give what became of one change. Raises `ConnectionLost` where the answer does not tell."""
    place = f"{one.change.method} {one.change.path} in a bulk request"
    if len(own) != 1:
        raise ConnectionLost(f"{place}: the service gave {len(own) or 'no'} results of it")
    status = _status(get(own[0], "status"))
    told = get(own[0], "response")
    document: Resource = told if isinstance(told, dict) else {}
    if status is None or status in BROKEN:
        unknown = f"{place}: the service does not say what became of it ({get(own[0], 'status')})"
        raise BrokenOver(unknown, Answer(status, document)) if status == FAILED else ConnectionLost(unknown)
    made = _ends(get(own[0], "location"))
    if not document and one.change.method == "POST" and made:
        document = {"id": made[-1]}
    return await one.writing.settled(Answer(status, document))


def _is_of(result: Resource, one: _Prepared) -> bool:
    """Tell whose a result is: a create's by the name it was given, any other's by its place."""
    if str(get(result, "method")).upper() != one.change.method:
        return False
    if one.change.method == "POST":
        return str(get(result, "bulkId")) == str(one.number)
    said, own = _ends(get(result, "location")), _ends(one.change.path)
    return said[-1:] == own[-1:] and (len(said) < 2 or said[0].lower() == own[0].lower())


def _ends(location: Any) -> list[str]:
    """Give the last two parts of an address: where resources of a type are, and the id; users and groups share ids."""
    if not isinstance(location, str) or "/" not in location:
        return []
    return [unquote(one) for one in urlsplit(location).path.split("/") if one][-2:]


def _status(said: Any) -> int | None:
    """Read a status: a text, a number, or as drafts of the standard had it an object with a code."""
    told = get(said, "code") if isinstance(said, dict) else said
    try:
        return int(told)
    except (TypeError, ValueError):
        return None
