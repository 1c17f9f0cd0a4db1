"""What every connector promises of reading; nothing is written."""

import asyncio
import resource
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from engine.configuration.models import SystemConfig
from engine.conformance.findings import (
    Finding,
    Findings,
    Imported,
    broken,
    imported,
    judged,
    kept,
    nobody_like,
    same_values,
    untried,
)
from engine.connectors.base import Connector, ImportedObject, ImportEnd, ImportRequest
from engine.errors import CannotConnect, StepFailed
from engine.values import typed
from engine.values.typed import InvalidValue
from engine.workspace import Workspace

PAGE = 1_000
SMALL_PAGE = 7
LOOKED_UP = 5
"""How many objects are looked up one by one."""
SECONDS = 5.0
"""How long the end may take to come after it was asked for."""
MEGABYTES = 300
"""How much memory an import may take, whatever its size."""


async def reading_findings(workspace: Workspace, system: str) -> Findings:
    """Try what a system's connector promises of reading. Ends early where it cannot be read at all."""
    settings = workspace.config.systems[system]
    request = _request(workspace, system)
    lines = await workspace.connector(system).test()
    failed = [one.message for one in lines if not one.ok]
    yield judged("the test says that it can be used", failed, f"{len(lines)} lines")
    if failed:
        return
    yield await _schema(workspace, system, settings)
    try:
        async with workspace.connector(system) as connector:
            before = _peak()
            whole = await imported(connector, request)
            grown = _peak() - before
            for finding in _of_one_import(settings, request, whole):
                yield finding
            told = f"{len(whole.objects):,} objects took {grown:,} MB more"
            yield judged("an import needs little memory", [told] if grown > MEGABYTES else [], told)
            yield _of_some(await _again(connector, request, whole), whole)
            yield _of_some(await _in_small_pages(connector, request, whole), whole)
            yield await _unchanged(connector, request, whole)
            yield await _delta(connector, request, whole)
            is_target = any(name == system for name, _ in workspace.rules.target_types())
            for finding in await _look_ups(connector, request, whole, is_target=is_target):
                yield _of_some(finding, whole)
    except StepFailed as error:
        yield broken("an import reaches its end", str(error))
        return
    yield await _ended(workspace, system, request)


def _of_some(finding: Finding, whole: Imported) -> Finding:
    """Give a finding as it is, or as not tried where there was nothing to try it on."""
    return finding if whole.objects or finding.kept is False else untried(finding.promise, "there are no objects")


def _request(workspace: Workspace, system: str) -> ImportRequest:
    rules = workspace.rules
    types = workspace.config.systems[system].objects
    return ImportRequest(
        {kind: rules.used[system, kind] for kind in types},
        {kind: rules.required[system, kind] for kind in types},
        PAGE,
    )


def _peak() -> int:
    """Give the most memory that this process has taken so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def _schema(workspace: Workspace, system: str, settings: SystemConfig) -> Finding:
    promise = "the schema tells the attributes of each type"
    try:
        described = await workspace.connector(system).describe_schema()
    except StepFailed as error:
        return broken(promise, str(error))
    wrong = [f"nothing of the type '{kind}'" for kind in settings.objects if kind not in described]
    return judged(promise, wrong, ", ".join(f"{kind}: {len(found)}" for kind, found in described.items()))


def _of_one_import(settings: SystemConfig, request: ImportRequest, whole: Imported) -> list[Finding]:
    """Judge what came of a whole import."""
    if whole.end is None:
        return [broken("an import says when it has reached its end", "it stopped without saying so")]
    return [
        *_of_its_end(whole.end, request, whole.pages),
        *_of_identities(settings, whole.objects),
        *_of_values(settings, whole.objects),
    ]


def _of_its_end(end: ImportEnd, request: ImportRequest, pages: list[int]) -> list[Finding]:
    after = ["something came after the end"] if -1 in pages else []
    large = [f"one of {one}" for one in pages if one > request.page_size]
    told = "complete" if end.complete else f"incomplete: {end.reason}"
    return [
        judged("an import says when it has reached its end", after, told),
        judged("an incomplete import says why", [] if end.complete or end.reason else ["it does not"], told),
        judged("a full import was asked for, and is one", [] if end.full else ["it says that it is none"], "it is"),
        judged(
            "no page is larger than was asked for", large, f"{len(pages)} pages, of {max(pages, default=0)} at most"
        ),
    ]


def _of_identities(settings: SystemConfig, objects: list[ImportedObject]) -> list[Finding]:
    strange = {one.type for one in objects if one.type not in settings.objects}
    nameless = [one for one in objects if one.external_id is None]
    silent = [one.position or one.secondary_id or "one" for one in nameless if one.error is None]
    ids = Counter((one.type, one.external_id) for one in objects if one.external_id is not None and one.error is None)
    twice = [f"{kind} '{one}' comes {count} times" for (kind, one), count in ids.items() if count > 1]
    return [
        judged("every object has a configured type", sorted(strange), f"{len(objects):,} objects"),
        judged("an object without an id has an error that says why", silent, f"{len(nameless)} without an id"),
        judged("no id comes twice", twice, f"{len(ids):,} ids"),
    ]


def _of_values(settings: SystemConfig, objects: list[ImportedObject]) -> list[Finding]:
    with_error = [one for one in objects if one.error is not None]
    half_read = [one.external_id or one.position for one in with_error if one.attributes]
    valueless = [
        f"{one.external_id}: '{name}'" for one in objects for name in one.attributes if not one.attributes[name]
    ]
    return [
        judged("every value has its attribute's type", _untyped(settings, objects), "they have"),
        judged("no attribute is there without a value", valueless, "none is"),
        judged("an object with an error holds nothing", half_read, f"{len(with_error)} with an error"),
    ]


def _untyped(settings: SystemConfig, objects: list[ImportedObject]) -> list[str]:
    """Name the values that are not as the store keeps a value of their attribute's type."""
    wrong = []
    for one in objects:
        declared = settings.objects.get(one.type)
        for name, values in one.attributes.items():
            kind = declared.type_of(name).kind if declared else "text"
            if bad := [value for value in values if not _is_canonical(kind, value)]:
                wrong.append(f"{one.external_id}: '{name}' is {kind}, and {bad[0]!r} is none")
    return wrong


def _is_canonical(kind: str, value: object) -> bool:
    try:
        return bool(typed.canonical(kind, value) == value) and type(typed.canonical(kind, value)) is type(value)
    except InvalidValue:
        return False


async def _again(connector: Connector, request: ImportRequest, whole: Imported) -> Finding:
    second = await imported(connector, request)
    return judged("read again, it gives the same", _differences(whole, second), "it does")


async def _in_small_pages(connector: Connector, request: ImportRequest, whole: Imported) -> Finding:
    promise = f"read {SMALL_PAGE} objects at a time, it gives the same"
    second = await imported(connector, replace(request, page_size=SMALL_PAGE))
    large = [f"a page of {one}" for one in second.pages if one > SMALL_PAGE]
    return judged(promise, large + _differences(whole, second), f"{len(second.pages)} pages")


def _differences(left: Imported, right: Imported) -> list[str]:
    """Name the objects that two imports do not agree about."""
    before, after = left.by_id(), right.by_id()
    found = [f"{kind} '{one}' came once only" for kind, one in sorted(before.keys() ^ after.keys())]
    return found + [
        f"{key[0]} '{key[1]}' holds something else"
        for key in before.keys() & after.keys()
        if not same_values(before[key].attributes, after[key].attributes)
        or before[key].secondary_id != after[key].secondary_id
    ]


async def _unchanged(connector: Connector, request: ImportRequest, whole: Imported) -> Finding:
    promise = "in the same state, it says that nothing has changed"
    if whole.end is None or whole.end.state is None:
        return untried(promise, "it does not tell of states")
    second = await imported(connector, replace(request, state=whole.end.state))
    told = second.end is not None and (second.end.unchanged or second.objects != [])
    return judged(promise, [] if told else ["it gave nothing, and did not say so"], "it does")


async def _delta(connector: Connector, request: ImportRequest, whole: Imported) -> Finding:
    promise = "asked what has changed since, it gives only that"
    if not connector.capabilities.delta or whole.end is None or whole.end.watermark is None:
        return untried(promise, "it cannot tell what has changed")
    second = await imported(connector, replace(request, watermark=whole.end.watermark))
    if second.end is None or second.end.full:
        return untried(promise, "it read everything, which it may")
    unknown = [f"{kind} '{one}'" for kind, one in second.by_id() if (kind, one) not in whole.by_id()]
    return judged(promise, unknown, f"{len(second.objects)} changed, {second.deleted} deleted")


async def _look_ups(connector: Connector, request: ImportRequest, whole: Imported, *, is_target: bool) -> list[Finding]:
    """Look a few objects up as exports do; a source need not be fit for that."""
    try:
        return await _looked_up_all(connector, request, whole)
    except CannotConnect as error:
        if is_target:
            raise
        return [untried("looked up by its id, an object is as it was imported", f"no rule writes to it, and {error}")]


async def _looked_up_all(connector: Connector, request: ImportRequest, whole: Imported) -> list[Finding]:
    """Look a few objects up, by their ids and by their names, and one that is not there."""
    readable = [one for one in whole.objects if one.external_id is not None and one.error is None]
    by_id: list[str] = []
    by_name: list[str] = []
    named = [one for one in readable if one.secondary_id is not None][:LOOKED_UP]
    for one in readable[:LOOKED_UP]:
        by_id += await _looked_up(connector, request.types, one, one.external_id, None)
    for one in named:
        by_name += await _looked_up(connector, request.types, one, None, one.secondary_id)
    found = [
        judged("looked up by its id, an object is as it was imported", by_id, f"{len(readable[:LOOKED_UP])} looked up"),
        judged("so it is by its secondary id", by_name, f"{len(named)} looked up")
        if named
        else untried("so it is by its secondary id", "its objects have none"),
    ]
    samples = {one.type: one.external_id for one in readable}
    strangers = [kind for kind, known in samples.items() if await _finds_nobody(connector, kind, nobody_like(known))]
    return [*found, judged("nobody is found by an id that nobody has", strangers, "nobody is")]


async def _looked_up(
    connector: Connector,
    types: Mapping[str, frozenset[str]],
    one: ImportedObject,
    external_id: str | None,
    secondary_id: str | None,
) -> list[str]:
    """Say what is wrong with an object that is looked up."""
    found = await connector.read_object(
        one.type, external_id=external_id, secondary_id=secondary_id, attributes=types[one.type]
    )
    who = f"{one.type} '{external_id or secondary_id}'"
    if found is None:
        return [f"{who} is not found"]
    if found.external_id != one.external_id:
        return [f"{who} is another: '{found.external_id}'"]
    used = types[one.type]
    left, right = ({n: v for n, v in each.attributes.items() if n in used} for each in (one, found))
    return [] if same_values(left, right) else [f"{who} holds something else"]


async def _finds_nobody(connector: Connector, kind: str, nobody: str) -> bool:
    """Tell whether somebody is found by an id that nobody has: a fault."""
    found = await connector.read_object(kind, external_id=nobody, secondary_id=None, attributes=frozenset())
    return found is not None


async def _ended(workspace: Workspace, system: str, request: ImportRequest) -> Finding:
    """End an import that has begun; a connector that waits for something has to stop waiting."""
    promise = f"when nobody waits any more, it ends within {SECONDS:g} s"
    loop = asyncio.get_running_loop()
    connector = workspace.connector(system)
    start = loop.time()
    try:
        async with asyncio.timeout(SECONDS * 2):
            async with connector:
                events = connector.import_objects(replace(request, page_size=SMALL_PAGE))
                await anext(events, None)
                connector.abandon()
                start = loop.time()
                async for _ in events:
                    pass
    except StepFailed:
        pass  # as it should where there was something to wait for
    except TimeoutError:
        return broken(promise, "it did not")
    took = loop.time() - start
    return kept(promise, f"{took:.1f} s") if took <= SECONDS else broken(promise, f"it took {took:.1f} s")
