"""Operations on a few entries of a file come to the same, whether all of it is read or an excerpt is enough."""

import base64
import io
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.configuration.file import load
from engine.connectors.base import ExportOperation
from engine.connectors.ldif import directory as directories
from engine.connectors.ldif.connector import LdifConnector
from engine.connectors.ldif.directory import LdifDirectory
from engine.connectors.ldif.entry import Entry
from engine.connectors.ldif.excerpt import Excerpt, Unusual, Wanted
from engine.connectors.ldif.format import read_entries
from engine.errors import CannotConnect
from engine.values import dn
from storage.records import AttributeChange, ChangeStatus, ChangeType
from storage.scratch import TreeEntry

CONFIG = """
[systems.directory]
connector = "ldif"
path = "directory.ldif"
[systems.directory.objects.unit]
object_class = ["organizationalUnit"]
external_id = "entryUUID"
secondary_external_id = "dn"
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
"""
UNITS = ("ou=a,dc=org", "ou=b,dc=org", "ou=c,ou=b,dc=org")


class Line(NamedTuple):
    """How an entry is written in the file."""

    unit: int
    name: str
    form: str
    """As it usually is, or not: its name spaced, in base64 or folded, its id in capitals, in base64 or missing, with a
    comment, written twice, or with another entry glued to it."""


FORMS = ["plain"] * 12 + ["spaced", "base64", "folded", "capitals", "coded", "without", "comment", "twice", "glued"]
FORMS += ["glued in capitals", "glued and folded"]
lines = st.builds(Line, st.integers(0, 2), st.sampled_from("mno"), st.sampled_from(FORMS))
deeds = st.tuples(
    st.sampled_from(["create", "create unit", "update", "rename", "delete", "delete unit"]),
    st.integers(0, 2),
    st.sampled_from("mnor"),
    st.booleans(),
    st.none() | st.integers(0, 7),
)
Deed = tuple[str, int, str, bool, int | None]
"""What is done, in which unit, to whom, whether by the id, and which of the file's entries is meant instead, if any."""


def _id(place: str) -> str:
    return f"00000000-0000-0000-0000-{abs(hash(place)) % 10**12:012d}"


def _text(line: Line) -> str:
    name = f"uid={line.name},{UNITS[line.unit]}"
    one = _id(name)
    heads = {
        "spaced": f"dn: uid={line.name} , {UNITS[line.unit].upper()}",
        "base64": f"dn:: {base64.b64encode(name.encode()).decode()}",
        "folded": f"dn: {name[:10]}\n {name[10:]}",
        "comment": f"# {name}\ndn: {name}",
    }
    ids = {
        "capitals": f"entryuuid: {one.upper()}\n",
        "coded": f"entryUUID:: {base64.b64encode(one.encode()).decode()}\n",
        "without": "",
    }
    head, tail = heads.get(line.form, f"dn: {name}"), ids.get(line.form, f"entryUUID: {one}\n")
    text = f"{head}\nobjectClass: inetOrgPerson\nuid: {line.name}\ncn: {line.name}\n{tail}"
    behind = {
        "twice": f"\n{text}",
        "glued": "dn: uid=glued,dc=org\ncn: glued\n",
        "glued in capitals": "DN: uid=glued,dc=org\ncn: glued\n",
        "glued and folded": "description:\n dn: uid=glued,dc=org\n",
    }
    return text + behind.get(line.form, "")


def _file(found: list[Line], end: str) -> str:
    written = {(line.unit, line.name): line for line in found}
    units = [f"dn: {name}\nobjectClass: organizationalUnit\nou: {name[3]}\nentryUUID: {_id(name)}\n" for name in UNITS]
    entries = ["version: 1\n", "dn: dc=org\nobjectClass: domain\ndc: org\n", *units, *map(_text, written.values())]
    return "\n".join(entries) + end


def _operation(number: int, deed: Deed, found: list[Line]) -> ExportOperation:
    what, unit, name, by_id, which = deed
    if found and which is not None:
        unit, name, _ = found[which % len(found)]
    is_unit = what.endswith("unit")
    entry = UNITS[unit] if is_unit and what != "create unit" else f"uid={name},{UNITS[unit]}"
    more: dict[str, Any] = {"external_id": _id(entry) if by_id and not what.startswith("create") else None}
    kind = ChangeType(what.split()[0].capitalize().replace("Rename", "Update"))
    if kind == ChangeType.CREATE:
        entry = f"ou={name},{UNITS[unit]}" if is_unit else entry
        more["attributes"] = {} if is_unit else {"cn": [name]}
    elif kind == ChangeType.UPDATE:
        more["changes"] = [AttributeChange("cn", [f"new {number}"], [], True, ChangeStatus.PENDING)]
        more["new_secondary_id"] = f"uid={name}x,{UNITS[0]}" if what == "rename" else None
    return ExportOperation(number, kind, "unit" if is_unit else "person", secondary_id=entry, **more)


def _came_of_it(
    folder: Path, text: str, operations: list[ExportOperation], *, excerpts: bool, cut: int = 0, anew: bool = False
) -> Any:
    """Give what comes of operations in two batches, the second from a place on, perhaps with the file read anew."""
    (folder / "interlock.toml").write_text(CONFIG)
    path = folder / "directory.ldif"
    path.write_text(text)
    connector = LdifConnector("directory", load(folder / "interlock.toml")[0].systems["directory"], folder)
    found = LdifDirectory(path, dict(connector.system.objects), connector._type_of)
    found._takes_excerpts = excerpts
    try:
        told = found.apply(operations[:cut]) if cut else []
        if anew:
            found.close()
        told = [*told, *found.apply(operations[cut:])]
    except CannotConnect as error:
        return str(error).replace(str(folder), ""), path.read_text()
    finally:
        found.close()
    results = [(one.id, one.error and one.error.code) for one in told]
    with path.open("rb") as file:
        entries = [
            (dn.key(one.dn), sorted((name, held) for name, held in one.attributes.items() if name != "entryuuid"))
            for one in read_entries(file)
        ]
    names = [name for name, _ in entries]
    for name in names:
        above = dn.parent(name)
        assert not above or names.index(above) < names.index(name), "parents stand before children"
    return results, sorted(entries)


def worth_an_excerpt() -> AbstractContextManager[int]:
    """Let an excerpt be taken of a file however small it is."""
    return patch.object(directories, "BYTES_EACH", 0)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(lines, min_size=2, max_size=6),
    st.sampled_from(["", "\n", "\n\n"]),
    st.lists(deeds, min_size=1, max_size=5),
)
def test_an_excerpt_comes_to_what_the_whole_comes_to(found: list[Line], end: str, wanted: list[Deed]) -> None:
    text = _file(found, end)
    operations = [_operation(number, deed, found) for number, deed in enumerate(wanted, 1)]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other, worth_an_excerpt():
        whole = _came_of_it(Path(one), text, operations, excerpts=False)
        assert _came_of_it(Path(other), text, operations, excerpts=True) == whole


@settings(max_examples=200, deadline=None)
@given(st.lists(deeds, min_size=2, max_size=8), st.integers(1, 7), st.booleans())
def test_a_second_batch_comes_to_what_it_comes_to_in_a_file_read_anew(
    wanted: list[Deed], cut: int, only_creates: bool
) -> None:
    if only_creates:
        wanted = [(("create", "create unit")[one[3]], *one[1:]) for one in wanted]
    operations = [_operation(number, deed, []) for number, deed in enumerate(wanted, 1)]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        anew = _came_of_it(Path(one), _file([], ""), operations, excerpts=False, cut=cut, anew=True)
        assert _came_of_it(Path(other), _file([], ""), operations, excerpts=False, cut=cut) == anew


def test_what_nobody_asked_about_stays_to_the_byte(tmp_path: Path) -> None:
    odd = "dn: uid=odd,ou=a,dc=org\nobjectClass: inetOrgPerson\nCN:   odd\nentryUUID: x\nsn: folded\n  and so\n"
    text = _file([Line(0, "m", "plain")], "\n") + odd
    operations = [_operation(1, ("update", 0, "m", True, None), []), _operation(2, ("create", 1, "n", False, None), [])]
    with worth_an_excerpt():
        _came_of_it(tmp_path, text, operations, excerpts=True)
    written = (tmp_path / "directory.ldif").read_text()
    assert odd in written
    assert written.startswith("version: 1\n\ndn: dc=org\nobjectClass: domain\ndc: org\n\n")
    assert "cn: new 1\n" in written
    assert written.index("uid=n,ou=b") > written.index("uid=odd")


def _unread(_entry: Entry, _text: bytes) -> TreeEntry:
    raise AssertionError("nothing of it is asked for")


def test_a_record_that_never_ends_is_given_up_soon() -> None:
    endless = io.BytesIO(b"dn: dc=org\n" + b"description: x\n" * 3_000_000)
    with pytest.raises(Unusual):
        Excerpt(endless, Wanted(frozenset(), frozenset(), b"", frozenset(), ids_have_no_case=False), _unread)
    assert endless.tell() < 20_000_000, "each part of it is looked through from its beginning"
