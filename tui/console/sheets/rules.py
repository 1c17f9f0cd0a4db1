"""One rule whole: whom it is for, what it reads and feeds, what goes wrong; and the schema of a system beside them."""

from tui.console.sheets.layout import Document, fact, named, prose, section
from tui.console.widgets.painting import cut, width_of
from tui.console.widgets.sheet import SheetLine
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line

SIDE_BY_SIDE, USED_AT = 100, 48
"""From which width on the rules that use an attribute stand beside it, and where."""


def rule(found: Document, width: int) -> list[SheetLine]:
    """Show a rule."""
    lines = [
        *fact("rule", found["name"], width, tone="strong"),
        *fact("stands at", found["stands_at"] or "the configuration cannot be read", width, tone="accent"),
        *fact("from, to", f"{found['from']} {glyphs().arrow} {found['to']}", width),
        *prose("scope", found["scope"] or "everybody", width),
        *_counts(found, width),
    ]
    if found["joins"]:
        lines += prose("joins by", "; else ".join(found["joins"]), width)
    for said in found["does"]:
        lines += prose("does", said, width)
    if found["dn"]:
        lines += prose("dn", found["dn"], width)
    lines += _errors(found, width)
    by = "read by" if found["inbound"] else "given by"
    lines += section("Flows", note=f"what it writes, from what, {by} which rules")
    for flow in found["flows"]:
        when = f", {flow['when']}" if flow["when"] else ""
        lines += named(flow["attribute"], f"{flow['source']}{when}", width, 18)
        for one in flow["others"]:
            lines += named("", f"{by} {one}", width, 20, tone="dim")
    return lines


def _counts(found: Document, width: int) -> list[SheetLine]:
    if found["inside"] is None:
        return fact("in it", f"is being counted {glyphs().ellipsis}", width, tone="dim")
    said = f"{found['inside']:,} in, {found['outside']:,} out"
    failed = f"; of {found['failed']:,} it cannot be said" if found["failed"] else ""
    return fact("in it", said + failed, width, tone="danger" if failed else "strong")


def _errors(found: Document, width: int) -> list[SheetLine]:
    if not found["errors"]:
        return []
    lines = section("Errors", note=f"of {found['objects_of']}, in the last step of each phase; ! lists them")
    for error in found["errors"]:
        tone = "warn" if error["warning"] else "danger"
        lines += named("", f"{error['count']:,} {error['code']}", width, 1, tone=tone)
    return lines


def schema(system: str, found: list[Document], width: int) -> list[SheetLine]:
    """Show what a system says of its attributes, beside the rules that read and write them."""
    lines: list[SheetLine] = []
    for kind in found:
        used = sum(bool(one["read"] or one["written"]) for one in kind["attributes"])
        note = f"{len(kind['attributes'])} attributes, {used} of them in rules"
        lines += section(f"{system}.{kind['type']}", note=note)
        for one in sorted(kind["attributes"], key=lambda one: not (one["read"] or one["written"])):
            lines += _attribute(one, width)
        if not kind["attributes"]:
            lines += named("", "it says nothing of its attributes", width, 1, tone="dim")
    return lines[1:] or named("", "it has no types", width, 1, tone="dim")


def _attribute(found: Document, width: int) -> list[SheetLine]:
    known = found["known"]
    words = []
    if known is None:
        words = ["not in the schema"]
    else:
        words.append(f"{known['kind']}{'[]' if known['multi'] else ''}")
        words += ["required"] if known["required"] else []
        words += ["read only"] if known["read_only"] else []
        words += [known["matching"]] if known["matching"] != "exact" else []
    used = [f"read by {one}" for one in found["read"]] + [f"written by {one}" for one in found["written"]]
    tone = "danger" if known is None else "" if used else "dim"
    first: Line = [(" ", ""), (display(found["name"]), tone or "strong")]
    return _used([*cut(first, 26), (" ", ""), (display(", ".join(words)), tone)], used, width)


def _used(line: Line, used: list[str], width: int) -> list[SheetLine]:
    """Show by which rules an attribute is used: beside its line where there is room, else below it."""
    indent = USED_AT if width >= SIDE_BY_SIDE else 28
    lines = [part for one in used for part in named("", f"{glyphs().arrow} {one}", width, indent, tone="dim")]
    if lines and indent == USED_AT and width_of(line) < USED_AT:
        return [SheetLine([*cut(line, USED_AT + 2), *lines[0].line[-1:]]), *lines[1:]]
    return [SheetLine(line), *lines]
