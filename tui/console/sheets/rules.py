"""One rule whole: whom it is for, what it reads and feeds, what goes wrong; and the schema of a system beside them."""

from tui.console.sheets.layout import Document, fact, named, prose, section
from tui.console.widgets.painting import cut
from tui.console.widgets.sheet import SheetLine
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line


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
        return fact("in it", "is being counted …", width, tone="dim")
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
    lines = [SheetLine([*cut(first, 26), (" ", ""), (display(", ".join(words)), tone)])]
    return lines + [line for one in used for line in named("", f"{glyphs().arrow} {one}", width, 28, tone="dim")]
