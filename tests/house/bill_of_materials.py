"""Write what a wheel brings along, as CycloneDX 1.6: `python -m tests.house.bill_of_materials WHEEL`.

Beside the wheel: the program, everything that it needs at run time, in the version that is pinned and installed, and
what needs what. Tools for checks and tests are not in it.
"""

import hashlib
import sys
import zipfile
from email.parser import Parser
from importlib.metadata import PackageMetadata, distribution
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def _needed(requirements: list[str], extras: frozenset[str] = frozenset()) -> dict[str, frozenset[str]]:
    """Give the names that some requirements name here, each with the extras that are wanted of it."""
    found: dict[str, frozenset[str]] = {}
    for text in requirements:
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras | {""}):
            name = canonicalize_name(one.name)
            found[name] = found.get(name, frozenset()) | one.extras
    return found


def _component(kind: ComponentType, metadata: PackageMetadata | Any, wheel: Path | None = None) -> Component:
    name, version = canonicalize_name(metadata["Name"]), metadata["Version"]
    purl = PackageURL("pypi", name=name, version=version)
    told = metadata["License-Expression"] or metadata["License"] or ""
    licenses = [LicenseFactory().make_from_string(told)] if told and "\n" not in told else []
    hashes = []
    if wheel is not None:
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(wheel.read_bytes()).hexdigest())]
    return Component(
        type=kind,
        name=name,
        version=version,
        bom_ref=purl.to_string(),
        purl=purl,
        description=metadata["Summary"],
        licenses=licenses,
        hashes=hashes,
    )


def bill_of(wheel: Path) -> str:
    """Give the bill of a wheel as JSON."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    bom = Bom()
    bom.metadata.component = root = _component(ComponentType.APPLICATION, metadata, wheel)
    known: dict[str, Component] = {}
    needs: dict[str, dict[str, frozenset[str]]] = {"": _needed(metadata.get_all("Requires-Dist") or [])}
    waiting = [("", needs[""])]
    while waiting:
        _, listed = waiting.pop()
        for one, extras in listed.items():
            found = distribution(one)
            asked = _needed(found.requires or [], extras)
            if one not in known or asked.keys() - needs[one].keys():
                known.setdefault(one, _component(ComponentType.LIBRARY, found.metadata))
                needs[one] = needs.get(one, {}) | asked
                waiting.append((one, asked))
    for component in known.values():
        bom.components.add(component)
    bom.register_dependency(root, [known[one] for one in needs[""]])
    for one, component in known.items():
        bom.register_dependency(component, [known[other] for other in needs[one]])
    return str(JsonV1Dot6(bom).output_as_string(indent=2)) + "\n"


def main() -> None:
    """Write the bill beside a wheel."""
    wheel = Path(sys.argv[1])
    wheel.with_suffix(".cdx.json").write_text(bill_of(wheel))


if __name__ == "__main__":
    main()
