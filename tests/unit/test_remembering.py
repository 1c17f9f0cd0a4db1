"""A system whose connector cannot copy it is remembered object by object, and that copy behaves as the file would."""

import asyncio
from pathlib import Path
from typing import Any

from engine.connectors.base import ExportOperation, ImportedObject, ImportEnd, ImportPage, ImportRequest
from engine.connectors.ldif.connector import LdifConnector
from engine.planning.remembered_system import remember
from engine.workspace import open_workspace
from storage.records import AttributeChange, ChangeStatus, ChangeType
from tui.demo.people import people
from tui.demo.workspace import make_workspace

BASE = "dc=example,dc=org"
ENTRY = (
    "dn: uid={0},dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: {0}\ncn: {0}\nsn: {0}\n"
    "telephoneNumber: 1\ntelephoneNumber: 2\nentryUUID: 00000000-0000-4000-8000-00000000000{1}\n\n"
)


def _operation(number: int, kind: ChangeType, uid: str, **more: Any) -> ExportOperation:
    external_id = None if kind == ChangeType.CREATE else f"00000000-0000-4000-8000-00000000000{number}"
    return ExportOperation(number, kind, "person", external_id, f"uid={uid},{BASE}", **more)


OPERATIONS = [
    _operation(1, ChangeType.DELETE, "ann"),
    _operation(
        2,
        ChangeType.UPDATE,
        "ben",
        new_secondary_id=f"uid=benno,{BASE}",
        changes=[
            AttributeChange("telephoneNumber", ["3"], ["1"], False, ChangeStatus.PENDING),
            AttributeChange("cn", ["Benno"], ["ben"], True, ChangeStatus.PENDING),
            AttributeChange("uid", ["benno"], ["ben"], True, ChangeStatus.PENDING),
            AttributeChange("l", [], [], True, ChangeStatus.PENDING),
        ],
    ),
    _operation(4, ChangeType.CREATE, "dora", attributes={"uid": ["dora"], "cn": ["Dora"], "sn": ["D"]}),
    _operation(5, ChangeType.CREATE, "cleo", attributes={"uid": ["cleo"], "cn": ["C"], "sn": ["C"]}),
    _operation(6, ChangeType.UPDATE, "nobody", changes=[AttributeChange("cn", ["x"], [], True, ChangeStatus.PENDING)]),
]


async def _outcome(folder: Path) -> list[tuple[Any, Any]]:
    workspace = open_workspace(make_workspace(folder, people(1), None, demo=False))
    with (folder / "directory.ldif").open("a") as file:
        file.write("\n" + "".join(ENTRY.format(uid, number) for number, uid in enumerate(("ann", "ben", "cleo"), 1)))
    kinds = workspace.config.systems["directory"].objects
    request = ImportRequest(
        {kind: workspace.rules.used["directory", kind] for kind in kinds},
        {kind: workspace.rules.required["directory", kind] for kind in kinds},
        2,
    )
    async with workspace.store, workspace.connector("directory") as real:
        assert isinstance(real, LdifConnector)
        copies = [await real.copy_to(folder, request.types), await remember(real, workspace, request)]
        before = (folder / "directory.ldif").read_bytes()
        outcomes = []
        for copy in copies:
            async with copy.connector as connector:
                results = await connector.export(OPERATIONS)
                errors = {result.id: result.error.code for result in results if result.error}
                found: dict[str, ImportedObject] = {}
                async for event in connector.import_objects(request):
                    if isinstance(event, ImportEnd):
                        assert event.complete
                        break
                    assert isinstance(event, ImportPage)
                    found |= {one.secondary_id or "": one for one in event.objects}
                uid = OPERATIONS[1].external_id
                read = await connector.read_object(
                    "person", external_id=uid, secondary_id=None, attributes=frozenset({"cn"})
                )
                assert read is not None
                assert read.attributes == {"cn": ["Benno"]}
                missing = await connector.read_object(
                    "person", external_id=None, secondary_id=f"uid=ann,{BASE}", attributes=frozenset()
                )
                assert missing is None
                plain = {name: _without_given(one.attributes) for name, one in sorted(found.items())}
                outcomes.append((errors, plain))
        assert (folder / "directory.ldif").read_bytes() == before
        return outcomes


def _without_given(attributes: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: values for name, values in attributes.items() if name not in ("entryUUID", "objectClass")}


def test_what_is_remembered_is_what_the_file_would_hold(tmp_path: Path) -> None:
    of_the_file, remembered = asyncio.run(_outcome(tmp_path / "work"))
    assert remembered == of_the_file
    errors, found = remembered
    assert errors == {5: "existing-object", 6: "missing-object"}
    assert sorted(found) == [f"uid={uid},{BASE}" for uid in ("benno", "cleo", "dora")]
    assert found[f"uid=benno,{BASE}"]["telephoneNumber"] == ["2", "3"]
