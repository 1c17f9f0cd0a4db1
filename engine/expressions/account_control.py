"""`userAccountControl` of Active Directory, for expressions: which accounts are switched off, and other flags."""

DISABLED, NORMAL_ACCOUNT = 0x2, 0x200
ACCOUNT_FLAGS = {
    "password_not_required": 0x20,
    "workstation": 0x1000,
    "password_never_expires": 0x10000,
    "smartcard_required": 0x40000,
    "not_delegated": 0x100000,
}
"""Flags of `userAccountControl` that a rule may set (MS-ADTS §2.2.16)."""


def account_control(enabled: object, *flags: str) -> int:
    """Give the `userAccountControl` of an account that is enabled or not. Raises `ValueError` for an unknown flag."""
    if unknown := [flag for flag in flags if flag not in ACCOUNT_FLAGS]:
        raise ValueError(f"'{unknown[0]}' is no flag of userAccountControl: {', '.join(ACCOUNT_FLAGS)} are")
    wanted = sum({ACCOUNT_FLAGS[flag] for flag in flags} | {NORMAL_ACCOUNT})
    return wanted if enabled else wanted | DISABLED


def is_enabled(control: object) -> bool:
    """Tell by its `userAccountControl` whether an account is enabled; one that has none is."""
    return not int(str(control or 0)) & DISABLED
