"""Single values as the file writes them: names, types of attributes, durations, keys."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator

from engine.values import zones
from engine.values.calendars import calendar
from engine.values.durations import duration
from engine.values.hours import hours, per_second
from engine.values.typed import KINDS, AttributeType


def _attribute_type(text: Any) -> AttributeType:
    kind = str(text).removesuffix("[]")
    if kind not in KINDS:
        raise ValueError(f"'{text}' is no attribute type: use {', '.join(KINDS)}, with [] for many values")
    return AttributeType(kind, str(text).endswith("[]"))


def _duration(text: Any) -> timedelta:
    if isinstance(text, timedelta):
        return text
    return duration(str(text))


def _kept(text: Any) -> timedelta:
    return timedelta() if str(text) == "0" else _duration(text)


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise ValueError(f"'{text}' is no name for a system, a type or a profile: letters, digits, - and _ only")
    return text


def _system_name(text: str) -> str:
    if text.lower() == "metaverse":
        raise ValueError(f"a system cannot be called '{text}': rules, lists and errors mean the metaverse by it")
    return text


def _of_day(text: str) -> str:
    hours(text)
    return text


def _times(text: Any) -> Any:
    return [text] if isinstance(text, str) else text


def _time(text: str) -> str:
    return calendar(text).text


def _rate(text: str) -> str:
    per_second(text)
    return text


def _keys(text: str) -> str:
    if not all(key.strip() for key in text.split(",")):
        raise ValueError(f"'{text}' names no key: use one, or several with commas between, such as 'j,down'")
    return text


MatchingName = Literal["exact", "case_ignore", "telephone", "dn", "octet"]
Name = Annotated[str, AfterValidator(_name)]
SystemName = Annotated[str, AfterValidator(_name), AfterValidator(_system_name)]
OfDay = Annotated[str, AfterValidator(_of_day)]
Times = Annotated[
    list[Annotated[str, AfterValidator(_time)]], BeforeValidator(_times, json_schema_input_type=str | list[str])
]
Rate = Annotated[str, AfterValidator(_rate)]
TimeZone = Annotated[str, AfterValidator(zones.known)]
Keys = Annotated[str, AfterValidator(_keys)]
TypeName = Annotated[AttributeType, PlainValidator(_attribute_type, json_schema_input_type=str), PlainSerializer(str)]
Duration = Annotated[timedelta, BeforeValidator(_duration, json_schema_input_type=str)]
Kept = Annotated[timedelta, BeforeValidator(_kept, json_schema_input_type=str | int)]
"""How long something is kept; nothing (`0`) for ever."""
