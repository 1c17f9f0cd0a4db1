"""What a look at a live system finds: enough for a first configuration."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import ValidationError

from engine.connectors.base import SchemaAttribute
from engine.connectors.directory_types import is_secret
from engine.errors import CannotConnect

SAMPLE = 200
"""Objects of each type that are looked at."""
SHOWN = 5
"""Rows that are given as they are."""
MOST_LETTERS = 4_096
"""A value longer than this is no matter of identity: a photograph, a document."""
_SECRETS = ("password", "passwd", "pwd", "secret", "token", "hash")
_DIRECTORIES = frozenset({"ldap", "ldaps", "ldapi"})
_PROGRAM = "program:"
_DATABASES = frozenset({"postgresql", "mysql", "mariadb", "sqlite", "oracle", "mssql"})


class SurveyedType(NamedTuple):
    """A type of objects that a system holds."""

    name: str
    keys: Mapping[str, Any]
    """Its keys in the configuration, but for its attributes."""
    sampled: int
    attributes: list[SchemaAttribute]
    """Those that the sample has and that a rule can use, the likeliest first."""
    refers_to: Mapping[str, str] = {}
    """Attribute → the type that it names objects of, where ids alone do not say."""
    candidates: Sequence[str] = ()
    """What may identify an object, the likeliest first, where that is not certain."""
    rows: Sequence[Mapping[str, str]] = ()
    """The first objects as they are."""
    named: tuple[str, str] = ("", "")
    """How most entries of a directory are named: the attribute of their RDN, and below which DN they stand."""


class Survey(NamedTuple):
    """What a system is like."""

    keys: Mapping[str, Any]
    """The keys of `[systems.NAME]` that it is reached by, without what was given for that."""
    types: list[SurveyedType]
    notes: tuple[str, ...] = ()
    """What was passed over, and why."""


def survey(url: str, folder: Path, options: Mapping[str, Any]) -> Survey:
    """Look at a file, directory, SCIM service, database or program, and change nothing; `options` are its further keys.

    Raises `CannotConnect`, `CredentialsRefused`, `ConnectionLost`, or ValueError for the address and the options.
    """
    scheme = urlsplit(url).scheme
    plain = scheme.partition("+")[0]
    if scheme in ("", "file") or os.path.isfile(folder / url):  # an address may be too long for a file's name
        from engine.connectors.csv.survey import survey_file  # noqa: PLC0415 - likewise

        return survey_file(folder / url.removeprefix("file://"))
    try:
        if url.startswith(_PROGRAM):
            from engine.connectors.program.survey import survey_program  # noqa: PLC0415 - likewise

            return survey_program(url.removeprefix(_PROGRAM), folder, options)
        if scheme in _DIRECTORIES:
            from engine.connectors.ldap.survey import survey_directory  # noqa: PLC0415 - each loads a client of its own

            return survey_directory(url, folder, options)
        if scheme in ("https", "http"):
            from engine.connectors.scim.survey import survey_service  # noqa: PLC0415 - an optional package

            return survey_service(url, folder, options)
        if plain in _DATABASES:
            from engine.connectors.sql.survey import survey_database  # noqa: PLC0415 - SQLAlchemy takes its time

            return survey_database(url, folder, options)
    except ValidationError as error:
        errors: list[dict[str, Any]] = [dict(one) for one in error.errors()]
        of_address = [one for one in errors if one["loc"][:1] == ("url",)]  # then what was read from it is wrong, too
        wrong = dict.fromkeys(map(_told, of_address or errors))
        raise ValueError("; ".join(wrong)) from None  # not with the address, which may hold a password
    except ModuleNotFoundError as error:
        extra = "sql" if plain in _DATABASES else "scim"
        raise CannotConnect(f"{url}: '{error.name}' is not installed; pip install interlock[{extra}]") from error
    raise ValueError(
        "no file, directory (ldap://HOST/BASE), SCIM service (https://HOST/PATH), "
        "database (postgresql://USER@HOST/NAME) or program (program:COMMAND)"
    )


def _told(wrong: dict[str, Any]) -> str:
    """Say what is wrong with an option, by its name where it is not the address."""
    said = str(wrong.get("ctx", {}).get("error", wrong["msg"]))
    name = ".".join(map(str, wrong["loc"]))
    if wrong["type"] == "extra_forbidden":
        return f"there is no key '{name}'"
    return said if name in ("", "url", "base") else f"{name}: {said}"


def from_anywhere(word: str, folder: Path) -> str:
    """Give a word as it is understood in any folder: one that names a file as its whole path."""
    return str((folder / word).absolute()) if word and os.path.isfile(folder / word) else word


def holds_secrets(name: str) -> bool:
    """Tell whether a column or an attribute holds what is not to be read, by its name."""
    return is_secret(name) or any(word in name.lower() for word in _SECRETS)
