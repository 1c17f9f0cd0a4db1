"""The configuration: interlock.toml as validated models (design §8)."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from engine.configuration import base
from engine.configuration.console import ConsoleConfig
from engine.configuration.notify import NotifyConfig
from engine.configuration.retention import RetentionConfig
from engine.configuration.rule_models import GroupConfig, LookupConfig, RuleConfig
from engine.configuration.steps import Step
from engine.configuration.store import StoreConfig
from engine.configuration.values import (
    Duration,
    MatchingName,
    Name,
    OfDay,
    Rate,
    SystemName,
    Times,
    TimeZone,
    TypeName,
)
from engine.expressions.sources import AttributeName, Label
from engine.values.typed import TEXT, AttributeType


class Model(base.Model, BaseModel):
    """A table of the file: no unknown keys, no changes after reading."""


class RunConfig(Model):
    """`[run]`: how runs go about their work."""

    page_size: int = Field(5000, ge=1, le=50_000)
    """Objects in one page, and so in one transaction."""
    error_limit: int = Field(5000, ge=1)
    """A step in which this many objects fail is stopped."""


class EngineConfig(Model):
    """`[engine]`: what a run may use of its machine."""

    workers: Literal["auto"] | Annotated[int, Field(ge=1, le=64)] = "auto"
    """How many processes may carry out steps of one run where its profile says `at_once`, its own included: `auto` for
    as many as there are cores, at most 8; 1 for one step after the other."""


class DeletionsConfig(Model):
    """`[systems.NAME.deletions]`: gate 5, the look before deleting, and who has to agree."""

    max_count: int = Field(50, ge=0)
    """How many objects of a type may go at once."""
    max_percent: float = Field(5.0, ge=0, le=100)
    """How many percent of a type may go at once; looked at where five objects or more go."""
    trend_days: int = Field(30, ge=0)
    """Over how many days slow losses are added up; 0 looks at none."""
    two_people_from: int = Field(0, ge=0)
    """From how many approvals within 24 hours, for the whole system, two people have to approve; 0 for never."""


class ChangesConfig(Model):
    """`[systems.NAME.changes]`: gate 6 and the look before changing: how much may change at once."""

    max_count: int = Field(6, ge=0)
    """From how many objects on, with one attribute changed or cleared, the percentage is looked at."""
    max_percent: float = Field(30.0, ge=0, le=100)
    """How many percent of a type may have one attribute changed or cleared at once."""


class ReviewConfig(Model):
    """`[review]`: how much an operator has to say with a decision."""

    handful: int = Field(5, ge=1)
    """With more items than this, their number has to be typed."""
    reason_from: int = Field(1, ge=1)
    """From this many items on, a reason is required."""
    people: Literal["login", "key"] = "login"
    """Who are two where two have to agree: two users of the machine, or two keys of SSH over two connections."""


class RolesConfig(Model):
    """`[roles]`: who may do what; names of users, and of groups of the operating system after an `@`."""

    viewer: list[str] = []
    """Who sees everything and changes nothing; so does whoever is not named."""
    operator: list[str] = []
    """Who runs, stops, handles the queue, keeps, defers and withdraws."""
    approver: list[str] = []
    """Who approves, and releases what a gate holds."""
    administrator: list[str] = Field(min_length=1)
    """Who joins by hand, restores, and looks after the store."""


class ExportsConfig(Model):
    """`[systems.NAME.exports]`: how often and when a failed or unconfirmed export is sent again."""

    max_retries: int = Field(5, ge=0)
    """How often a failed or unconfirmed export is sent again."""
    retry_delay: Duration = timedelta(minutes=1)
    """Before the first retry of a failure; it doubles each time."""
    batch_size: int | None = Field(None, ge=1, le=10_000)
    """How many exports are sent at once; by default what suits the connector."""


class ObjectTypeConfig(Model):
    """`[systems.NAME.objects.TYPE]`: how objects of one type are identified and typed."""

    external_id: AttributeName
    """What the system itself calls an object, for ever: `employee_id`, `entryUUID`."""
    secondary_external_id: AttributeName | None = None
    """What an object can be found by before that is known: `dn`."""
    attributes: dict[AttributeName, TypeName] = {}
    """What is not plain text: `integer`, `decimal`, `boolean`, `date`, `datetime`, `binary`, `reference`; with `[]`
    for many values."""
    matching: dict[str, MatchingName] = {}
    """How values are compared with what the rules want: by default `exact`; references as `dn`, if the type has DNs."""
    refers_to: dict[str, str] = {}
    """Attribute → the object type that its references name, where the ids of several types are alike."""
    priority: dict[str, list[str]] = {}
    """Attribute → the outbound rules that flow to it, the strongest first; the others follow in the file's order."""
    keep_empty: bool = False
    """Whether an empty text is a value; else it is none."""
    deletions: DeletionsConfig | None = None
    """Limits of this type, instead of its system's."""
    changes: ChangesConfig | None = None
    """Likewise."""
    joins: Literal["one", "many"] = "one"
    """How many of these objects one metaverse object has: `many` where a person stands in several rows."""
    previous_id: AttributeName | None = None
    """The attribute that names an object's former id, such as `old_number`: under a new one it is the same object."""
    same_person: list[list[str]] = []
    """Groups of attributes: if all change at once under one id, the review asks whose it is. It joins nobody."""
    options: Any = None
    """The connector's own keys for this type, validated by the connector's model."""

    def type_of(self, attribute: str) -> AttributeType:
        """Give an attribute's type; anything not listed is text."""
        return self.attributes.get(attribute, TEXT)


class SystemConfig(Model):
    """`[systems.NAME]`: a connected system."""

    connector: str
    """`csv`, `ldif`, `ldap`, `sql`, `scim`, `program`, or one that another package brings."""
    objects: dict[Name, ObjectTypeConfig] = Field(min_length=1)
    """Its types of objects."""
    timezone: TimeZone | None = None
    """What its dates and times mean that name no zone, and which day `today` is in rules from and to it; by default
    as in `[store]`."""
    deletions: DeletionsConfig = DeletionsConfig()
    """How many may go missing, or be deleted, at once: gate 5 and the look before deleting."""
    changes: ChangesConfig = ChangesConfig()
    """How many may change at once: gate 6 and the look before changing."""
    exports: ExportsConfig = ExportsConfig()
    """How exports to it are sent."""
    runs_on: list[Name] = []
    """The workers that reach it, where the machine that runs profiles does not: its steps are carried out by one of
    them (`interlock worker --name NAME`), which alone needs its secrets."""
    first: int | None = Field(None, ge=1)
    """Reads no more than so many objects of it, to try rules with a few: such an import is incomplete, so that nobody
    is missing after it."""
    read_only: bool = False
    """Whether nothing is ever written to it: then no rule may lead there."""
    window: OfDay | None = None
    """The hours in which it takes exports, in the time zone of the store: `20:00-06:00`, or several with commas."""
    rate: Rate | None = None
    """How fast it takes exports: `50/s`, `600/m`, `100/h`; by default as fast as it can."""
    max_exports: int | None = Field(None, ge=1)
    """How many exports a run may send to it; the rest waits for the next one."""
    options: Any = None
    """The connector's own keys, validated by the connector's model."""


class DeletionRule(Model):
    """`[metaverse.TYPE] deletion`: when a metaverse object is deleted.

    It lives as long as a source gives it: an object that joined it by an inbound rule or by hand, or that it was made
    from. Accounts do not count: what rules created or adopted in a target, and every object of a type that rules
    create and from which none makes metaverse objects, even if rules read attributes back from it.
    """

    when: Literal["manual", "last_connector_gone", "authoritative_source_gone"] = "manual"
    """Never by itself; when no source gives it any more; or that, and as soon as the named sources do not."""
    source: str | None = None
    """The authoritative source: a system, or one of its types as `SYSTEM.TYPE`."""
    sources: list[str] = []
    """Several authoritative sources; `authoritative_source_gone` needs these, or `source`."""
    trigger: Literal["any", "all"] = "any"
    """With `sources`: whether it is enough that one of them is gone, or all have to be."""
    grace: Duration = timedelta()
    """How long the object and its accounts stay as they are before it is deleted; by default not at all."""

    @property
    def authorities(self) -> list[str]:
        """Every authoritative source."""
        return [self.source] if self.source is not None else self.sources

    @model_validator(mode="after")
    def _source_is_named(self) -> Self:
        if (self.when == "authoritative_source_gone") != bool(self.authorities):
            raise ValueError("'source' names the authoritative source, with when = \"authoritative_source_gone\"")
        if self.source is not None and self.sources:
            raise ValueError("give 'source', or 'sources', not both")
        if self.trigger == "all" and not self.sources:
            raise ValueError("'trigger' goes with 'sources'")
        return self


class UniqueConfig(Model):
    """`[metaverse.TYPE.unique.ATTRIBUTE]`: how a value is generated that nobody else has."""

    candidates: list[str] = Field(min_length=1)
    """Expressions, tried in their order; one that reads `n` is tried with 2, 3, and so on."""
    check: list[str] = []
    """Target attributes that must not hold the value either, as `SYSTEM.TYPE.ATTRIBUTE`."""
    follows: list[str] = []
    """Attributes of the same object: when one of them changes, the candidates are tried again."""
    keep_old: Duration = timedelta()
    """How long a former value stays its owner's own, among `aliases`."""
    aliases: str | None = None
    """The attribute, declared as `text[]`, that holds the former values that are kept."""
    reserve: Duration = timedelta()
    """How long nobody else is given a value that was somebody's, also of somebody who is gone."""


class MetaverseTypeConfig(Model):
    """`[metaverse.TYPE]`: a type of metaverse object."""

    attributes: dict[AttributeName, TypeName] = {}
    """Types, as those of a system; by default what flows in."""
    deletion: DeletionRule = DeletionRule()
    """When an object of the type goes."""
    priority: dict[str, list[str]] = {}
    """Attribute → the rules that contribute it, the strongest first; the others follow in the order of the file."""
    unique: dict[AttributeName, UniqueConfig] = {}
    """Attributes whose value nobody else has."""

    def type_of(self, attribute: str) -> AttributeType:
        """Give an attribute's type; anything not listed is text."""
        return self.attributes.get(attribute, TEXT)


class MetricsConfig(Model):
    """`[metrics]`: figures of how everything stands, for a monitoring system."""

    file: Path | None = None
    """Where they are written after each run, in Prometheus' text format: a file of node_exporter's textfile collector,
    whose name ends with `.prom`. Without it, `interlock metrics` alone gives them."""


class ProfileConfig(Model):
    """`[profiles.NAME]`: steps that run one after the other, or some of them at once."""

    steps: list[Step] = Field(min_length=1)
    """Phases with their systems: `import hr`, `sync`, `evaluate`, `export directory`, `confirm directory`."""
    at_once: bool = False
    """Whether steps of different systems go on at the same time: on other machines where workers (`runs_on`) carry them
    out, and here in as many processes as `[engine] workers` says. What works on the metaverse, `sync` and `evaluate`,
    still waits for all before it."""
    detect: bool = True
    """Whether every full import is followed by deletion detection for its system."""
    every: Duration | None = None
    """How often it is to run, such as `25h` for every night; where it has not, `interlock todo` says so."""
    at: Times = []
    """When it is to run, in the time zone of `[store]`: a time or several, such as `02:30`, `Mon..Fri 06:30`,
    `Sat,Sun 08:00`, `*:15` (every hour) or `07..19:00/20` (every twenty minutes from seven on). `interlock schedule
    install` lets systemd start it; where it has not begun an hour later, `interlock todo` says so."""


class Config(Model):
    """The whole file."""

    store: StoreConfig = StoreConfig()
    """Where everything is kept."""
    engine: EngineConfig = EngineConfig()
    """What a run may use of its machine."""
    run: RunConfig = RunConfig()
    """How runs go about their work."""
    review: ReviewConfig = ReviewConfig()
    """How much an operator has to say with a decision."""
    retention: RetentionConfig = RetentionConfig()
    """How long history is kept."""
    notify: NotifyConfig = NotifyConfig()
    """Who is told when something waits for a person. Without it, nobody."""
    metrics: MetricsConfig = MetricsConfig()
    """Figures for a monitoring system."""
    roles: RolesConfig | None = None
    """Who may do what. Without it, everybody who can write to the store is an administrator."""
    console: ConsoleConfig = ConsoleConfig()
    """How the console looks and listens."""
    include: list[str] = []
    """Further files, such as `rules/*.toml`, with systems, metaverse, lookups, rules, groups and profiles."""
    systems: dict[SystemName, SystemConfig] = Field(min_length=1)
    """The connected systems, by their names."""
    metaverse: dict[Name, MetaverseTypeConfig] = {}
    """Types of metaverse objects; rules can name no others."""
    rules: list[RuleConfig] = []
    """The sync rules. For an attribute that several of them give, the first in the file has priority."""
    lookups: dict[Name, LookupConfig] = {}
    """Tables that expressions look values up in."""
    groups: list[GroupConfig] = []
    """Computed groups."""
    profiles: dict[Label, ProfileConfig] = {}
    """What `interlock run NAME` does. Without a name it runs the whole cycle of everything configured."""

    def limits_of(self, system: str, object_type: str) -> DeletionsConfig:
        """Give how many objects of a type may go at once; the usual limits for what is no longer configured."""
        if system not in self.systems:
            return DeletionsConfig()
        settings = self.systems[system]
        own = settings.objects[object_type].deletions if object_type in settings.objects else None
        return own or settings.deletions

    def changes_of(self, system: str, object_type: str) -> ChangesConfig:
        """Give how many objects of a type may change at once."""
        if system not in self.systems:
            return ChangesConfig()
        settings = self.systems[system]
        own = settings.objects[object_type].changes if object_type in settings.objects else None
        return own or settings.changes

    def deletion_of(self, mvo_type: str) -> DeletionRule:
        """Give the deletion rule of an MVO type; one that is no longer configured is deleted by hand only."""
        return self.metaverse[mvo_type].deletion if mvo_type in self.metaverse else DeletionRule()

    folder: Path = Path()
    """Where the file lies; relative paths in it start there."""
