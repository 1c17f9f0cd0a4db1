"""What is special to Active Directory: ids that are bytes, names by id, passwords, errors of Windows."""

import uuid
from collections.abc import Callable

from engine.configuration import external_ids
from engine.configuration.models import ObjectTypeConfig
from engine.errors import ObjectError
from engine.values import typed
from engine.values.attribute_descriptions import usual
from engine.values.windows import guid_text, sid_text

CAPABILITY = "1.2.840.113556.1.4.800"
"""What a domain controller says that it is (MS-ADTS §3.1.1.3.4.3.1)."""
GUID = "objectguid"


READABLE: dict[str, Callable[[bytes], str]] = {
    GUID: guid_text,
    "parentguid": guid_text,
    "ms-ds-consistencyguid": guid_text,
    "objectsid": sid_text,
    "sidhistory": sid_text,
    "securityidentifier": sid_text,
}
"""Attributes whose bytes are shown, compared and joined as text, unless the configuration calls them binary."""


def id_bytes(settings: ObjectTypeConfig, text: str) -> bytes:
    """Give an external id as the directory holds it: the bytes of a GUID, octets, or a text."""
    kind = external_ids.kind_of(settings)
    try:
        if kind == "text" and READABLE.get(usual(settings.external_id)) is guid_text:
            return uuid.UUID(text).bytes_le
        return typed.to_bytes(kind, external_ids.value_of(settings, text))
    except ValueError:
        return text.encode()


def is_exact(settings: ObjectTypeConfig) -> bool:
    """Tell whether the server itself can find an external id: not where one value can be written in many ways."""
    return external_ids.kind_of(settings) in ("text", "reference", "binary")


def id_filter(settings: ObjectTypeConfig, text: str) -> str:
    """Give the filter that finds an entry by an external id, every byte escaped (RFC 4515 §3)."""
    escaped = "".join(f"\\{byte:02x}" for byte in id_bytes(settings, text))
    return f"({settings.external_id}={escaped})"


def named_by_id(settings: ObjectTypeConfig, text: str) -> str:
    """Give the DN that names an entry by its objectGUID, wherever it stands (MS-ADTS §3.1.1.3.1.2.4)."""
    return f"<GUID={guid_text(id_bytes(settings, text))}>"


def id_of_guid(settings: ObjectTypeConfig, text: str) -> str:
    """Give the external id of which a server's own message says the GUID, as a text."""
    if external_ids.kind_of(settings) != "binary":
        return external_ids.reader(settings)(text)
    windows = READABLE.get(usual(settings.external_id)) is guid_text
    raw = uuid.UUID(text).bytes_le if windows else text.encode()
    return str(typed.parse_bytes("binary", raw))


def quoted_password(password: str) -> bytes:
    """Give a password as `unicodePwd` takes it: quoted, in UTF-16 (MS-ADTS §3.1.1.3.1.5.1)."""
    return f'"{password}"'.encode("utf-16-le")


_CODES = {
    "0000052D": ("constraint-violation", "the password does not fulfil the domain's policy", "choose a longer one"),
    "00002089": ("non-existent-parent", "the parent entry does not exist", "create it first, or set create_parents"),
    "00002071": ("existing-object", "another account has this sAMAccountName or DN", "give this one another name"),
    "000021C8": ("existing-object", "another account has this userPrincipalName", "give this one another name"),
    "00000005": ("permission-denied", "this account may not do that", "delegate the right, or look for protection"),
    "00002098": ("permission-denied", "this account may not do that", "delegate the right, or look for protection"),
    "00000520": ("permission-denied", "this account may not do that", "delegate the right, or look for protection"),
}
"""The Windows error with which an answer's text begins, where it says more than LDAP's result code."""


def explain_windows(told: str) -> ObjectError | None:
    """Give the error that the text of an answer tells more exactly than its code; None where it does not."""
    found = _CODES.get(told[:8].upper())
    return ObjectError(found[0], f"{found[1]} ({told})", found[2]) if found else None
