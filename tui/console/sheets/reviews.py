"""One review item: the evidence, and the consequences that an approval would cover."""

from collections import Counter
from typing import Any

from tui.console.sheets.layout import Document, attributes, fact, prose, section, stated
from tui.console.widgets.sheet import SheetLine
from tui.feed import person_of, stages_in
from tui.presentation import tones
from tui.presentation.glyphs import glyphs
from tui.presentation.moments import lasting, local_time

MOST_REFERRING = 20
"""Objects that refer to what goes that are shown before they are only counted."""
_QUESTIONS = {
    "absence": "a complete import no longer contained it",
    "delete": "a delete in the target that no approval covers yet",
    "identity": "the same person, corrected (keep), or is the old one gone and this one new (approve)?",
}


def review(found: Document, width: int) -> list[SheetLine]:
    """Show a review item."""
    lines = [
        *fact("object", found["label"], width, tone="strong", link=f"cso-{found['object_id']}"),
        *fact("id", f"{found['id']} in {found['system']}, {found['type']}", width),
        *prose("asks about", _QUESTIONS.get(found["kind"], found["kind"]), width),
        *stated("state", tones.status(found["state"]), width),
    ]
    if found["first_by"]:
        lines += fact("first", f"approved by {found['first_by']}; two people have to agree", width, tone="warn")
    if found["decided_by"]:
        lines += fact("decided", f"by {found['decided_by']}, {local_time(found['decided_at'])}", width)
        lines += prose("reason", found["reason"], width)
    if found["deferred_until"]:
        lines += fact("until", local_time(found["deferred_until"]), width)
    lines += section("What an approval does")
    lines += consequences(found, width)
    lines += section("Evidence")
    lines += _evidence(found, width)
    lines += _changed(found["evidence"], width)
    for one in found.get("elsewhere", []):
        alive = f"{one['label']} in {one['system']}, {one['status']}"
        lines += fact("alive as", alive, width, link=one["id"])
    if found.get("attributes"):
        lines += section("Last known attributes")
        lines += attributes(found["attributes"], width)
    return lines


def consequences(item: Document, width: int) -> list[SheetLine]:
    """Show what a decision leads to, worst first."""
    found, lines = item["consequences"], []
    if found.get("mvo_deleted"):
        grace = found.get("grace_seconds") or 0
        after = f" after {lasting(grace)} of grace" if grace else ""
        lines += fact("deletes", f"{person_of(found)}{after}", width, tone="danger", link=f"mvo-{found['mvo']}")
    elif found.get("mvo"):
        lines += fact("leaves", f"{person_of(found)}, which stays", width, link=f"mvo-{found['mvo']}")
    for cso_id, system, label in found.get("stays_by", []):
        lines += fact("stays by", f"{label} of {system}: only this row goes", width, link=f"cso-{cso_id}")
    for cso_id, system, label in found.get("together_with", []):
        lines += fact("together", f"with {label} of {system}, missing too", width, tone="warn", link=f"cso-{cso_id}")
    lines += _objects("deletes", found.get("deletes", []), width, "danger")
    lines += _objects("disables", found.get("disabled", []), width, "warn")
    lines += _objects("leaves alone", found.get("left_alone", []), width, "")
    for cso_id, system, label, said in stages_in(item):
        lines += fact("leaves", f"{label} in {system}: {said}", width, tone="warn", link=f"cso-{cso_id}")
    lines += _objects("creates again", found.get("recreated", []), width, "warn")
    lines += _recalled(found, width)
    lines += _referring(found, width)
    return lines or [*fact("nothing else", "the object is disconnected, no more", width)]


def _recalled(found: Document, width: int) -> list[SheetLine]:
    """Show what is taken back, who gives it from then on, and what it becomes."""
    lines = []
    for name in found.get("recalled", []):
        heir = found.get("taken_over", {}).get(name)
        then = f", and {heir[2]} in {heir[1]} gives it" if heir else ", and nobody else gives it"
        before, after = found.get("becomes", {}).get(name, ((), ()))
        if before != after:
            was, now = (", ".join(map(str, values[:3])) or "nothing" for values in (before, after))
            then += f": {was} {glyphs().arrow} {now}"
        lines += fact("recalls", name + then, width, tone="warn", link=f"cso-{heir[0]}" if heir else None)
    return lines


def _referring(found: Document, width: int) -> list[SheetLine]:
    """Show who refers to what goes: groups, and those whose manager it is."""
    lines = []
    for mvo_id, label, attribute in found.get("referring", [])[:MOST_REFERRING]:
        lines += fact("leaves", f"{attribute} of {label}", width, tone="warn", link=f"mvo-{mvo_id}")
    for cso_id, system, label, attribute, _ in found.get("groups", [])[:MOST_REFERRING]:
        lines += fact("leaves", f"{attribute} of {label} in {system}", width, tone="warn", link=f"cso-{cso_id}")
    left_out = sum(max(len(found.get(key, [])) - MOST_REFERRING, 0) for key in ("referring", "groups"))
    return lines + (fact("", f"{glyphs().ellipsis} and {left_out:,} more that refer to it", width) if left_out else [])


def _objects(verb: str, entries: list[list[Any]], width: int, tone: str) -> list[SheetLine]:
    return [
        line
        for cso_id, system, label, _external_id in entries
        for line in fact(verb, f"{label} in {system}", width, tone=tone, link=f"cso-{cso_id}")
    ]


def _evidence(found: Document, width: int) -> list[SheetLine]:
    evidence = found["evidence"]
    lines = []
    if evidence.get("last_seen_at"):
        run = evidence.get("last_seen_in_run")
        at = f"{local_time(evidence['last_seen_at'])} in run-{run}"
        lines += fact("last seen", at, width, link=f"run-{run}")
    if evidence.get("missing_since"):
        run = evidence.get("missing_in_run")
        at = f"{local_time(evidence['missing_since'])} in run-{run}"
        lines += fact("missing since", at, width, link=f"run-{run}")
    if evidence.get("missing_together") is not None:
        together = evidence["missing_together"]
        others = "nobody else went missing" if together == 1 else f"{together:,} went missing at once"
        lines += fact("with it", others, width)
    for said in evidence.get("in_common", []):
        lines += prose("in common", said, width, tone="warn")
    if evidence.get("cause"):
        lines += prose("cause", evidence["cause"], width)
    return lines or [*fact("", "asked in " + (f"run-{found['run_id']}" if found["run_id"] else "no run"), width)]


def _changed(evidence: Document, width: int) -> list[SheetLine]:
    """Show what told a person apart before, and what stands there now."""
    before, after = evidence.get("before", {}), evidence.get("after", {})
    lines = []
    for name in dict.fromkeys([*before, *after]):
        was, now = (", ".join(map(str, values.get(name, []))) or "nothing" for values in (before, after))
        lines += fact(name, f"{was} {glyphs().arrow} {now}", width, tone="warn")
    if again := evidence.get("there_again"):
        cso, at, review_id = again
        told = f"{cso}, deleted under rev-{review_id}, {local_time(at)}"
        lines += fact("was", told, width, tone="warn", link=f"rev-{review_id}")
    return lines


_TOTALS = {
    "deletes": "deleted in",
    "disabled": "disabled in",
    "left_alone": "left alone in",
    "recreated": "created again in",
}
"""Which consequences are summed up for each system: their key → what happens to objects."""


MOST_NAMED = 4
"""Causes, departments and branches that a summary names before it only counts."""


def summary(items: list[Document]) -> list[str]:
    """Say by what cause, of which departments, in which branches several items are, the most first."""
    causes = Counter(str(item["evidence"].get("cause") or f"missing in '{item['system']}'") for item in items)
    departments = Counter(item["department"] or "no department" for item in items)
    branches = Counter(branch for item in items for branch in item["branches"])
    told = (("cause", causes), ("department", departments), ("branch", branches))
    return [f"by {name}: {_most(counted)}" for name, counted in told if counted]


def _most(counted: Counter[str]) -> str:
    named = "; ".join(f"{count:,} {name}" for name, count in counted.most_common(MOST_NAMED))
    rest = len(counted) - MOST_NAMED
    return named + (f"; and {rest:,} more" if rest > 0 else "")


def totals(items: list[Document]) -> list[str]:
    """Sum the consequences of several items up, a sentence each, worst first."""
    every = [item["consequences"] for item in items]
    mvos = {one.get("mvo") for one in every if one.get("mvo_deleted")}
    lines = [f"{_are(len(mvos), 'metaverse object')} deleted"] if mvos else []
    for key, verb in _TOTALS.items():
        by_system = _by_system(every, key)
        lines += [f"{_are(len(by_system[system]), 'object')} {verb} '{system}'" for system in sorted(by_system)]
    recalled = sum(len(one.get("recalled", [])) for one in every)
    if recalled:
        lines.append(f"{_are(recalled, 'attribute')} recalled")
    leaving = sum(len(one.get(key, [])) for one in every for key in ("referring", "groups"))
    if leaving:
        lines.append(f"{leaving:,} reference{'s' if leaving != 1 else ''} of groups and managers would be lost")
    return lines or ["the objects are disconnected; nothing is deleted"]


def _are(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s are' if count != 1 else ' is'}"


def _by_system(every: list[Document], key: str) -> dict[str, set[int]]:
    """Give the objects that some consequences list under a key, by their systems."""
    found: dict[str, set[int]] = {}
    for one in every:
        for cso_id, system, *_ in one.get(key, []):
            found.setdefault(system, set()).add(cso_id)
    return found
