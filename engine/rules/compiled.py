"""What the rules are once they are compiled: everything that the phases look up."""

from dataclasses import dataclass, field
from datetime import timedelta

from engine.expressions.expression import Expression
from engine.expressions.tables import Tables
from engine.values.matching_rules import Matching
from engine.values.typed import AttributeType

ObjectType = tuple[str, str]
"""A system and a type in it."""


@dataclass(slots=True, frozen=True)
class PreferKey:
    """One key by which the rows of a person are put in order."""

    expression: Expression
    descending: bool


@dataclass(slots=True, frozen=True)
class Preference:
    """Which of a person's rows goes first; where the keys say nothing, the one with the lower external id."""

    source: str
    """As it is written; empty where nothing is."""
    keys: tuple[PreferKey, ...] = ()
    counts: bool = False
    """Whether external ids are numbers."""


@dataclass(slots=True, frozen=True)
class Flow:
    """One attribute flow: what is computed, and the type it becomes."""

    attribute: str
    type: AttributeType
    declared: bool
    expression: Expression
    copies: str | None
    """The source attribute, where all that is done is to copy its values unchanged."""
    refers: bool = False
    """Whether it hands on a reference, which names another object on either side."""
    clears: bool = True
    """Outbound: whether no value clears what the target holds."""
    when_absent: bool = False
    """Outbound: whether it fills only what is empty there."""
    once: bool = False
    """Outbound: whether it is written once to each account."""
    shares: bool = False
    """Outbound: whether the target's values that no rule gave are somebody else's, and stay."""
    merges: bool = False
    """Inbound: whether its values stand beside those of the other rules."""
    prefer: Preference | None = None
    """Inbound: which row goes first, where a person may have several."""
    is_plain: bool = field(init=False)
    """Inbound: whether each object gives its values by itself, in the place of all others."""

    def __post_init__(self) -> None:
        """Work out once what is asked of every object."""
        object.__setattr__(self, "is_plain", self.prefer is None and not self.merges and not self.refers)

    @property
    def is_silent(self) -> bool:
        """Tell whether it says nothing where it has no value."""
        return self.when_absent or self.once or not self.clears


@dataclass(slots=True, frozen=True)
class JoinPart:
    """One part of a join key: what is read on either side, and what makes no difference."""

    source: Expression
    target: Expression
    ignore: frozenset[str] = frozenset()


@dataclass(slots=True, frozen=True)
class Join:
    """One, perhaps composite, join key; its name is that of the index in which the target side is looked up."""

    name: str
    parts: tuple[JoinPart, ...]

    @property
    def words(self) -> str:
        """What a person calls it."""
        return ", ".join(part.target.source for part in self.parts)


@dataclass(slots=True, frozen=True)
class InboundRule:
    """A rule from a system's object type into the metaverse."""

    name: str
    source: ObjectType
    mvo_type: str
    scope: Expression | None
    remains: bool
    """Whether a joined object that leaves every scope stays joined."""
    joins: tuple[Join, ...]
    project: bool
    flows: tuple[Flow, ...]
    asserts_empty: frozenset[str]
    tells_unresolved: bool


DISABLE, MOVE, DELETE, DISCONNECT = "disable", "move", "delete", "disconnect"
"""What a stage does."""


@dataclass(slots=True, frozen=True)
class Stage:
    """One stage in which an object leaves its target."""

    do: str
    after: timedelta = timedelta()
    dn: Expression | None = None
    """Where it moves it."""
    asks_at_start: bool = False
    """Whether a delete is asked about as soon as the object begins to leave."""


@dataclass(slots=True, frozen=True)
class OutboundRule:
    """A rule from the metaverse to a system's object type."""

    name: str
    mvo_type: str
    target: ObjectType
    scope: Expression | None
    joins: tuple[Join, ...]
    provision: bool
    stages: tuple[Stage, ...]
    """What becomes of an object that is not wanted any more, in its order."""
    is_staged: bool
    """Whether it says so by stages, which go on within a period of grace."""
    leaving_from: Expression | None
    """When an object leaves, though it is in scope."""
    dn: Expression | None
    flows: tuple[Flow, ...]
    initial: tuple[Flow, ...]
    """Flows for the creation alone."""
    disable: tuple[Flow, ...]
    """Flows for whoever left the scope."""
    corrects: bool
    """Whether drift is corrected, or only reported."""
    tells_unresolved: bool


@dataclass(slots=True, frozen=True)
class Leaving:
    """How the objects leave that a metaverse type has in a target."""

    stages: tuple[Stage, ...]
    rules: tuple[OutboundRule, ...]
    """The rules that say so."""
    is_staged: bool


@dataclass(slots=True, frozen=True)
class UniqueValue:
    """How a value is generated that nobody else has."""

    attribute: str
    type: AttributeType
    candidates: tuple[Expression, ...]
    check: tuple[tuple[ObjectType, str], ...]
    """Target types, each with the attribute that must not hold the value either."""
    follows: tuple[str, ...] = ()
    """Attributes with whose change the candidates are tried again."""
    keep_old: timedelta = timedelta()
    """How long a former value is kept."""
    aliases: str | None = None
    """The attribute that holds the former values that are kept."""
    reserve: timedelta = timedelta()
    """How long a value that was given is nobody else's."""

    @property
    def is_remembered(self) -> bool:
        """Whether it has to be known who was given which value."""
        return bool(self.follows or self.reserve)


@dataclass(slots=True, frozen=True)
class ComputedGroup:
    """A group whose members are those of a metaverse type that a condition holds for."""

    name: str
    mvo_type: str
    of: str
    condition: Expression
    attribute: str
    attributes: tuple[Flow, ...]
    fingerprint: str


@dataclass(slots=True)
class Rules:
    """All rules, by what they start from and lead to, in the order of the file."""

    inbound: dict[ObjectType, list[InboundRule]] = field(default_factory=dict)
    into: dict[str, list[InboundRule]] = field(default_factory=dict)
    """MVO type → its inbound rules."""
    several: frozenset[ObjectType] = frozenset()
    """System types of which an MVO may have many objects: a person's rows."""
    priority: dict[str, dict[str, list[tuple[InboundRule, Flow]]]] = field(default_factory=dict)
    """MVO type → attribute → the rules that contribute it, the strongest first."""
    outbound: dict[str, dict[ObjectType, list[OutboundRule]]] = field(default_factory=dict)
    """MVO type → target → the rules to it."""
    outflows: dict[str, dict[ObjectType, list[tuple[OutboundRule, Flow]]]] = field(default_factory=dict)
    """MVO type → target → the flows to it, each with its rule; of those to one attribute the strongest first."""
    leaving: dict[str, dict[ObjectType, Leaving]] = field(default_factory=dict)
    """MVO type → target → how objects leave it."""
    giving_way: dict[tuple[str, ObjectType], list[Flow]] = field(default_factory=dict)
    """MVO type and target → those of them that give way to what an account holds; most targets have none."""
    unique: dict[str, list[UniqueValue]] = field(default_factory=dict)
    """MVO type → the values that are generated for it."""
    groups: dict[str, ComputedGroup] = field(default_factory=dict)
    """Name → a computed group."""
    joins: dict[str, tuple[Join, ...]] = field(default_factory=dict)
    """Owner of join keys (`metaverse.TYPE` or `SYSTEM.TYPE`) → the keys its objects are indexed by."""
    used: dict[ObjectType, frozenset[str]] = field(default_factory=dict)
    """System type → the attributes that the configuration uses of it."""
    required: dict[ObjectType, frozenset[str]] = field(default_factory=dict)
    """System type → those of them that come in: without them nothing can be synchronised."""
    fingerprints: dict[str, str] = field(default_factory=dict)
    """Scope (`in SYSTEM.TYPE` or `out TYPE`) → a hash of everything that decides what its rules do."""
    matching: dict[ObjectType, dict[str, Matching]] = field(default_factory=dict)
    """System type → the attributes whose values are not compared just as they are."""
    clocks: dict[str, str] = field(default_factory=dict)
    """Scope → `today` or `now`, where its rules read the clock."""

    tables: Tables = field(default_factory=lambda: Tables({}))
    """The lookup tables."""
    followed: dict[str, frozenset[tuple[str, ...]]] = field(default_factory=dict)
    """MVO type → what its outbound flows read through references: `("manager", "mail")`."""
    looking_up: dict[str, frozenset[str]] = field(default_factory=dict)
    """Scope → the tables that its rules look values up in."""

    @property
    def have_stages(self) -> bool:
        """Tell whether objects leave any target in stages."""
        return any(one.is_staged for targets in self.leaving.values() for one in targets.values())

    def target_types(self) -> set[ObjectType]:
        """Give every system type that the metaverse is exported to."""
        return {target for targets in self.outbound.values() for target in targets}
