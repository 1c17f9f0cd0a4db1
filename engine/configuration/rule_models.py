"""The configuration of rules: what they join, what they flow, and how far a flow goes."""

from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import BaseModel, BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from typing_extensions import TypedDict

from engine.configuration import base
from engine.configuration.values import Duration
from engine.expressions.sources import AttributeName, Label, Source, flow_table, join_key, join_keys, join_part


class Model(base.Model, BaseModel):
    """A table of the file: no unknown keys, no changes after reading."""


class JoinPartConfig(Model):
    """One part of a join key: what is read on either side, and what makes no difference."""

    source: Source | None = None
    """What is read on the `from` side; by default the same as `target`. One of the two is needed."""
    target: Source | None = None
    """What is read on the `to` side; by default the same as `source`."""
    ignore: list[Literal["case", "spaces", "accents"]] = []
    """What makes no difference."""

    @model_validator(mode="after")
    def _something_is_read(self) -> Self:
        if self.source is None and self.target is None:
            raise ValueError("a join reads something: give 'source', 'target' or both")
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, whole: SerializerFunctionWrapHandler) -> Any:
        is_name = isinstance(self.source, str) and self.target is None and not self.ignore
        return self.source if is_name else whole(self)


JoinPart = Annotated[JoinPartConfig, BeforeValidator(join_part, json_schema_input_type=str | JoinPartConfig)]
JoinKey = Annotated[list[JoinPart], BeforeValidator(join_key, json_schema_input_type=list[JoinPart])]


class FlowConfig(Model):
    """One flow: what it reads, and how far it goes."""

    source: Source
    """The name of an attribute, or an expression in `{{ … }}`; instead of it `constant = "text"`."""
    clear: bool = True
    """Outbound: whether no value clears what the target holds."""
    when_absent: bool = False
    """Outbound: whether it fills only what is empty in the target."""
    once: bool = False
    """Outbound: whether it is written once to each account, created or adopted, and never enforced again."""
    own: Literal["all", "ours"] = "all"
    """Outbound: which of the target's values are ours; with `ours` only those that the rules gave are ever removed."""
    merge: bool = False
    """Inbound: whether its values stand beside those of the other rules, instead of the first that has some."""
    prefer: str | None = None
    """Inbound, with `joins = "many"`: which row gives it, instead of what the rule says."""

    @model_serializer(mode="wrap")
    def _as_written(self, whole: SerializerFunctionWrapHandler) -> Any:
        written = whole(self)
        told = {name: written[name] for name in self.options}
        return {"source": written["source"], **told} if told else written["source"]

    @property
    def options(self) -> list[str]:
        """Name what is said of it beside its source."""
        fields = type(self).model_fields.items()
        return [name for name, field in fields if name != "source" and getattr(self, name) != field.default]


def _table_of_flow(written: Any) -> Any:
    return flow_table(written, FlowConfig.model_fields)


class _ConstantFlow(TypedDict):
    """A flow of a constant, of which more is said: for the schema."""

    constant: str | int | bool
    clear: NotRequired[bool]
    when_absent: NotRequired[bool]
    once: NotRequired[bool]
    own: NotRequired[Literal["all", "ours"]]
    merge: NotRequired[bool]
    prefer: NotRequired[str]


WrittenFlow = Annotated[
    FlowConfig, BeforeValidator(_table_of_flow, json_schema_input_type=str | FlowConfig | _ConstantFlow)
]


class StageConfig(Model):
    """One stage in which an object leaves a target, such as `{ after = "7d", do = "disable" }`."""

    after: Duration
    """How long after it began to leave; whole days count from midnight to midnight."""
    do: Literal["disable", "move", "delete", "disconnect"]
    """`disable` writes the `[rules.disable]` flows, `move` gives another DN; `delete` and `disconnect` are the end."""
    dn: str | None = None
    """With `move`: the DN that the object has from then on."""
    approve: Literal["when_due", "at_start"] = "when_due"
    """With `delete`: whether it is asked about when it is due, or at the start, for the date shown."""


class RuleConfig(Model):
    """`[[rules]]`: a sync rule, inbound (to the metaverse) or outbound (from it)."""

    name: Label
    """What lists, errors and explanations call it."""
    source: str = Field(alias="from")
    """Where it reads: `SYSTEM.TYPE`, or `metaverse.TYPE`."""
    target: str = Field(alias="to")
    """Where it writes: the other of the two."""
    scope: str | None = None
    """Which objects it is for, such as `status == 'active'`; by default all."""
    out_of_scope: Literal["disconnect", "remain"] = "disconnect"
    """Inbound: whether a joined object that leaves every scope is disconnected."""
    join: Annotated[list[JoinKey], BeforeValidator(join_keys, json_schema_input_type=list[JoinKey])] = []
    """Keys by which objects find each other, tried in order; each key is a list of its parts: `[["employee_id"]]`."""
    project: bool = False
    """Inbound: whether an object that no join finds anybody for makes a new metaverse object."""
    prefer: str | None = None
    """Inbound, with `joins = "many"`: which of a person's rows go first, such as `start_date desc, code`."""
    asserts_empty: list[str] = []
    """Inbound: attributes for which having no value counts as one."""
    provision: bool = False
    """Outbound: whether an object is created where there is none."""
    deprovision: Literal["delete", "disable", "disconnect"] = "disconnect"
    """Outbound: what becomes of an object that is not wanted any more; `delete` always needs an approval."""
    leaving: list[StageConfig] = []
    """Outbound: the stages in which an object leaves that is not wanted any more, instead of `deprovision`."""
    leaving_from: Source | None = None
    """Outbound: a date after whose day, or a moment from which, an object leaves, though it is in scope."""
    dn: str | None = None
    """Outbound: the DN under which an object is created, and renamed to."""
    flow: dict[AttributeName, WrittenFlow] = {}
    """Target attribute → the name of an attribute, an expression in `{{ … }}`, a constant, or a table."""
    initial: dict[AttributeName, Source] = {}
    """Outbound: flows for the creation alone."""
    disable: dict[AttributeName, Source] = {}
    """Outbound: flows for whoever leaves, with `deprovision = "disable"` or a stage that disables."""
    drift: Literal["correct", "report"] = "correct"
    """Outbound: whether what others change in the target is corrected, or only told."""
    unresolved: Literal["report", "ignore"] = "report"
    """What becomes of references to objects that are not there: told once each, or not at all."""


class LookupConfig(Model):
    """`[lookups.NAME]`: a CSV file that expressions look values up in: `{{ code | lookup('NAME', 'city') }}`."""

    file: Path
    """The file: UTF-8, with a header, at most 16 MB."""
    key: str
    """The column that is looked for; no two rows may say the same in it."""
    delimiter: str = Field(",", min_length=1, max_length=1)
    """Between columns."""


class GroupConfig(Model):
    """`[[groups]]`: a group whose members are those of a metaverse type that a condition holds for."""

    name: Label
    """What lists call it."""
    type: str = "group"
    """Its type in the metaverse."""
    of: str = "person"
    """The type of its members."""
    members: str
    """The condition that holds for its members."""
    attribute: str = "members"
    """Which attribute holds them."""
    attributes: dict[AttributeName, Source] = {}
    """Its other attributes."""
