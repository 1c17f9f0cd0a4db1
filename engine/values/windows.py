"""What Windows writes in octets, as text."""

import uuid


def guid_text(raw: bytes) -> str:
    """Write a GUID as Windows does; its first three parts are little-endian (MS-DTYP §2.3.4). Raises `ValueError`."""
    return str(uuid.UUID(bytes_le=raw))


def sid_text(raw: bytes) -> str:
    """Write a security identifier as `S-1-5-…` (MS-DTYP §2.4.2). Raises `ValueError`."""
    if len(raw) < 8 or len(raw) != 8 + 4 * raw[1]:
        raise ValueError("no security identifier")
    parts = [int.from_bytes(raw[start : start + 4], "little") for start in range(8, len(raw), 4)]
    return "-".join(map(str, ["S", raw[0], int.from_bytes(raw[2:8], "big"), *parts]))
