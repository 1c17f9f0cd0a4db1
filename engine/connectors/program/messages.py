"""What a program answers: one JSON object a line, told apart by `message`; `docs/program-connector.md` tells of it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

PROTOCOL = 1
"""The version of the protocol that is spoken here."""
Code = Literal[
    "constraint-violation",
    "existing-object",
    "existing-value",
    "limit-exceeded",
    "missing-object",
    "missing-value",
    "non-existent-parent",
    "permission-denied",
    "schema-violation",
    "server-busy",
    "server-error",
    "syntax-violation",
    "unwilling",
]
Scalar = str | int | float | bool | None


class Answer(BaseModel):
    """A line of a program."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Problem(Answer):
    """What is wrong with one object."""

    code: Code
    """What kind of problem it is."""
    text: str = Field(min_length=1, max_length=2000)
    """A sentence for the operator."""
    advice: str = Field("look into what the program says", max_length=2000)
    """What the operator can do."""


class Hello(Answer):
    """The first line: what the program can do."""

    message: Literal["hello"]
    protocol: Literal[1]
    """The version of the protocol."""
    name: str = Field("", max_length=200)
    """What it is, and which version, for people."""
    writes: bool = False
    """Whether it carries out exports."""
    delta: bool = False
    """Whether it can give only what changed since a watermark."""
    batch_size: int = Field(100, ge=1, le=10_000)
    """How many operations it wants at once."""
    types: list[str] = []
    """The types of objects that it has; looked at by `interlock init`, before any is configured."""


class Object(Answer):
    """One object, as it is in the system."""

    message: Literal["object"]
    type: str
    id: str | int | None = None
    """What the system calls it, for ever."""
    secondary_id: str | None = None
    """What it can be found by before that is known, such as a DN."""
    attributes: dict[str, Scalar | list[Scalar]] = {}
    """Each value as the configuration declares its type: dates as ISO 8601 texts, binary ones as base64."""
    position: str = Field("", max_length=500)
    """Where it stands, for people."""
    problem: Problem | None = None
    """Why its attributes cannot be read; it was seen all the same."""

    @property
    def place(self) -> str:
        """Tell people where it stands, or else what is known of it."""
        return self.position or self.secondary_id or str(self.id or "").strip() or f"an object of type '{self.type}'"


class Deleted(Answer):
    """In a delta import: an object of which the system says that it was deleted."""

    message: Literal["deleted"]
    type: str
    id: str | int


class Result(Answer):
    """What became of one operation; without a problem it was carried out, and stays so."""

    message: Literal["result"]
    n: int
    """The operation's number in the request."""
    id: str | int | None = None
    """What the system calls the object that was created."""
    problem: Problem | None = None


class Check(Answer):
    """One thing that a test of the connection found."""

    message: Literal["check"]
    ok: bool
    subject: str = Field(max_length=100)
    text: str = Field(max_length=2000)


class Attribute(Answer):
    """An attribute that objects of a type can have."""

    message: Literal["attribute"]
    type: str
    name: str
    kind: Literal["text", "integer", "decimal", "boolean", "date", "datetime", "binary", "reference"] = "text"
    multi: bool = False
    """Whether it can have many values."""
    required: bool = False
    """Whether an object has to have it."""
    read_only: bool = False
    """Whether the system alone sets it."""


class Note(Answer):
    """What an operator should know; it stands with the step's result."""

    message: Literal["note"]
    text: str = Field(min_length=1, max_length=2000)


class Failed(Answer):
    """The whole request cannot be carried out; nothing was done of it."""

    message: Literal["failed"]
    reason: Literal["connection", "credentials"] = "connection"
    text: str = Field(min_length=1, max_length=2000)


class End(Answer):
    """The end of the answer to one request."""

    message: Literal["end"]
    complete: bool = True
    """Of an import: whether everything was given. An object that is not in a complete import is gone."""
    reason: str = Field("", max_length=2000)
    """Why it is not complete."""
    watermark: str | None = None
    """Where a later delta import goes on."""
    full: bool = True
    """Whether everything was read, and not only what changed since the watermark."""


Line = Annotated[
    Hello | Object | Deleted | Result | Check | Attribute | Note | Failed | End, Field(discriminator="message")
]
_LINE: TypeAdapter[Any] = TypeAdapter(Line)
_SHOWN = 80


class Garbage(ValueError):
    """A line that is no message; the text says why."""


def read_line(raw: bytes) -> Any:
    """Read one line of a program. Raises `Garbage`."""
    try:
        return _LINE.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        told = f"{where}: {first['msg']}" if where else first["msg"]
        shown = raw[:_SHOWN].decode(errors="replace")
        raise Garbage(f"{told}: {shown!r}") from error


def schema() -> dict[str, Any]:
    """Give the JSON Schema of a line of a program."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line that a program connector writes",
        **_LINE.json_schema(),
    }
