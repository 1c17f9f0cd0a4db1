"""A workspace: a configuration, its compiled rules, and the store they work on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from engine.configuration.file import load
from engine.configuration.models import Config, ObjectTypeConfig
from engine.configuration.steps import StepPlan
from engine.connectors import find_connector
from engine.connectors.base import Connector
from engine.expressions.expression import ambient
from engine.expressions.tables import TABLES
from engine.rules import Rules
from engine.rules.flows import context_of
from engine.store_address import store_address
from engine.values import zones
from engine.values.dn import InvalidDn
from engine.values.dn import key as dn_key
from engine.values.matching_rules import Matching
from engine.values.typed import AttributeType
from storage.records import Attributes
from storage.store import Store


class Seen:
    """What an object looks like to expressions, worked out when it is first asked for: many never are."""

    __slots__ = ("_around", "_attributes", "_context", "_declared")

    def __init__(
        self,
        attributes: Attributes,
        declared: Mapping[str, AttributeType],
        around: Callable[[], dict[str, Any]],
    ) -> None:
        self._attributes = attributes
        self._declared = declared
        self._around = around
        self._context: dict[str, Any] | None = None

    def __call__(self) -> dict[str, Any]:
        """Give it."""
        if self._context is None:
            self._context = context_of(self._attributes, self._declared, self._around())
        return self._context


@dataclass(slots=True, frozen=True)
class Workspace:
    """What every phase works with."""

    config: Config
    rules: Rules
    store: Store
    _dn_types: dict[tuple[str, str], bool] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Which types are found by a DN, as far as it was asked."""

    def __post_init__(self) -> None:
        """Let the process mean the time zone of this workspace."""
        zones.use(self.config.store.timezone)

    def connector(self, system: str) -> Connector:
        """Make the connector of a system; enter it to connect."""
        settings = self.config.systems[system]
        return find_connector(settings.connector)(system, settings, self.config.folder)

    def object_type(self, system: str, object_type: str) -> ObjectTypeConfig:
        """Give the configuration of a type of objects."""
        return self.config.systems[system].objects[object_type]

    def declared(self, system: str, object_type: str) -> dict[str, AttributeType]:
        """Give the declared attribute types of a type of objects; none for one that is no longer configured."""
        types = self.config.systems[system].objects if system in self.config.systems else {}
        return types[object_type].attributes if object_type in types else {}

    def zone_of(self, system: str) -> str:
        """Give the name of the time zone of a system; of one that says none, and of the metaverse, the store's."""
        known = self.config.systems.get(system)
        return (known.timezone if known else None) or self.config.store.timezone

    def around(self, system: str = "") -> dict[str, Any]:
        """Give what every expression sees beside its object: the clock, as a system means it, and the lookup tables."""
        tables = self.rules.tables.current()
        found = ambient() | {TABLES: tables} if tables else ambient()
        return self.in_zone_of(system, found) if system else found

    def in_zone_of(self, system: str, context: dict[str, Any]) -> dict[str, Any]:
        """Give what expressions see, with the clock as a system means it."""
        zone = self.zone_of(system)
        if zone == self.config.store.timezone:
            return context
        with zones.using(zone):
            return context | {"today": zones.today(), zones.KEY: zone}

    def seen(self, system: str, object_type: str, attributes: Attributes) -> Callable[[], dict[str, Any]]:
        """Give what an object of a system looks like to expressions, worked out when it is first asked for."""
        return Seen(attributes, self.declared(system, object_type), partial(self.around, system))

    def seen_mvo(self, mvo_type: str, attributes: Attributes, target: str = "") -> Callable[[], dict[str, Any]]:
        """Give what an MVO looks like to expressions, likewise; to those of rules to a system, if one is named."""
        return Seen(attributes, self.declared_mvo(mvo_type), partial(self.around, target))

    def declared_mvo(self, mvo_type: str) -> dict[str, AttributeType]:
        """Give the declared attribute types of an MVO type; none for one that is no longer configured."""
        types = self.config.metaverse
        return types[mvo_type].attributes if mvo_type in types else {}

    def matching(self, system: str, object_type: str, attribute: str) -> Matching:
        """Give how the values of a target attribute are compared."""
        return self.rules.matching.get((system, object_type), {}).get(attribute)

    def secondary_key(self, system: str, object_type: str, secondary_id: str | None) -> str | None:
        """Give the form in which equal secondary external ids are equal texts."""
        if secondary_id is None:
            return None
        return self.key_reader(system, object_type)(secondary_id)

    def key_reader(self, system: str, object_type: str) -> Callable[[str], str]:
        """Give the function that brings secondary external ids of a type into that form."""
        return _dn_key if self.is_dn(system, object_type) else str

    def is_dn(self, system: str, object_type: str) -> bool:
        """Tell whether objects of a type are found by a DN; of a type no longer configured, by its system's others."""
        known = self._dn_types.get((system, object_type))
        if known is None:
            known = self._dn_types[system, object_type] = self._has_dn(system, object_type)
        return known

    def _has_dn(self, system: str, object_type: str) -> bool:
        types = self.config.systems[system].objects if system in self.config.systems else {}
        known = [types[object_type]] if object_type in types else list(types.values())
        return any((settings.secondary_external_id or "").lower() == "dn" for settings in known)


def _dn_key(text: str) -> str:
    try:
        return dn_key(text)
    except InvalidDn:
        return text


def open_workspace(path: Path) -> Workspace:
    """Read a configuration and open its store.

    Raises `ConfigurationError` or `StoreError`.
    """
    config, rules = load(path)
    return Workspace(config, rules, Store.open(store_address(config)))


def whole_cycle(config: Config, rules: Rules) -> list[StepPlan]:
    """Give the default profile: read every system, synchronise, evaluate, export to and confirm every target."""
    sources = [name for name in config.systems if any(system == name for system, _ in rules.inbound)]
    exported = {system for system, _ in rules.target_types()}
    targets = [name for name in config.systems if name in exported]
    readable = [*sources, *(name for name in targets if name not in sources)]
    return [
        *(StepPlan("import", name) for name in readable),
        StepPlan("sync"),
        StepPlan("evaluate"),
        *(StepPlan("export", name) for name in targets),
        *(StepPlan("confirm", name) for name in targets),
    ]


def with_detection(plans: list[StepPlan]) -> list[StepPlan]:
    """Follow every full import by deletion detection for its system, unless the plans name it already."""
    expanded: list[StepPlan] = []
    for index, plan in enumerate(plans):
        expanded.append(plan)
        detection = StepPlan("detect", plan.system)
        if plan.phase in ("import", "confirm") and plans[index + 1 : index + 2] != [detection]:
            expanded.append(detection)
    return expanded
