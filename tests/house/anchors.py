"""The anchors of a page: what a link to one of its headings is called."""

import re


def anchor(heading: str) -> str:
    """Give the anchor of a heading, as GitHub makes it."""
    shown = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")


def anchors(page: str) -> set[str]:
    """Give every anchor of a page; what stands in a block of code is no heading."""
    text = re.sub(r"^ *```.*?^ *```", "", page, flags=re.DOTALL | re.MULTILINE)
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.*)$", text, re.MULTILINE):
        name = anchor(heading)
        found.add(next(one for number in range(len(found) + 1) if (one := _again(name, number)) not in found))
    return found


def _again(name: str, number: int) -> str:
    return f"{name}-{number}" if number else name
