"""What columns of people are likely to mean, by their names in a few languages."""

from collections.abc import Iterable

from tui import feed

MEANINGS: dict[str, tuple[str, ...]] = {
    "first_name": ("firstname", "givenname", "forename", "vorname", "prenom", "nombre", "voornaam", "fornavn"),
    "last_name": ("lastname", "surname", "sn", "familyname", "nachname", "name2", "nom", "apellido", "achternaam"),
    "display_name": ("displayname", "fullname", "name", "cn", "commonname", "anzeigename"),
    "account_name": ("accountname", "username", "login", "uid", "samaccountname", "user", "account", "benutzername"),
    "email": ("email", "mail", "emailaddress", "mailaddress", "workemail"),
    "phone": ("phone", "telephone", "telephonenumber", "phonenumber", "tel", "telefon", "workphone"),
    "mobile": ("mobile", "mobilephone", "cellphone", "handy"),
    "title": ("title", "jobtitle", "position", "role", "funktion", "poste"),
    "department": ("department", "dept", "departmentname", "abteilung", "ou", "orgunit", "service", "afdeling"),
    "location": ("location", "city", "site", "office", "l", "ort", "standort", "ville"),
    "description": ("description", "note", "beschreibung"),
}
"""Attribute of the metaverse → what columns are called that hold it, without blanks and marks."""


def meanings(columns: Iterable[str]) -> dict[str, str]:
    """Give what columns mean: attribute → column, each once, the first column of a name."""
    found: dict[str, str] = {}
    for column in columns:
        plain = "".join(char for char in column.casefold() if char.isalnum())
        plain = plain.translate(str.maketrans("éèêáàóòñü", "eeeaaoonu"))
        for attribute, names in MEANINGS.items():
            if plain in names and attribute not in found:
                found[attribute] = column
                break
    return found


def as_attribute(column: str) -> str:
    """Give a column a name by which expressions can read it."""
    plain = "".join(char if char.isascii() and char.isalnum() else "_" for char in column.strip().lower()).strip("_")
    if not plain or plain[0].isdigit():
        return f"column_{plain}".rstrip("_")
    return plain if feed.is_plain(plain) else f"{plain}_"


def attribute_names(columns: Iterable[str]) -> dict[str, str]:
    """Give columns by their own names: attribute → column; one that no attribute can be called has another name."""
    found: dict[str, str] = {}
    for column in columns:
        name = column if feed.is_attribute_name(column) else as_attribute(column)
        while name in found:
            name += "_"
        found[name] = column
    return found
