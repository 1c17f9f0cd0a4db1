"""Errors of single entries of LDIF."""

from engine.connectors.base import ImportedObject
from engine.errors import ObjectError


def duplicate(one: ImportedObject) -> ObjectError:
    """Give the error of one whose id another has, too."""
    return ObjectError(
        "duplicate-external-id",
        f"the external id '{one.external_id}' stands in the file more than once",
        "give every entry its own id; until then none of them changes anything",
    )


def duplicate_dn(one: ImportedObject) -> ObjectError:
    """Give the error of one whose DN another has, too."""
    return ObjectError(
        "duplicate-external-id",
        f"the DN '{one.secondary_id}' stands in the file more than once",
        "keep one of the two entries; until then none of them changes anything",
    )


def torn(one: ImportedObject, why: str) -> ObjectError:
    """Give the error of one that may be two."""
    return ObjectError(
        "missing-external-id",
        f"whose entry '{one.secondary_id}' is cannot be known: {why}",
        "part the two entries by a blank line, or let the file be written anew, and import it again",
    )


def cut(one: ImportedObject) -> ObjectError:
    """Give the error of one in which the file ends."""
    return ObjectError(
        "missing-external-id",
        f"the file ends in the middle of '{one.secondary_id}', so that its id may be cut",
        "let the whole file be written, and import it again",
    )
