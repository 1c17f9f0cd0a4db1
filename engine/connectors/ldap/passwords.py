"""The passwords of the entries that one batch creates, or of one that gets another."""

import secrets
from collections.abc import MutableMapping, Sequence
from dataclasses import replace

from engine.configuration.models import SystemConfig
from engine.connectors.base import ExportOperation, ExportResult
from engine.connectors.initial_passwords import PasswordPolicy, make_passwords
from engine.connectors.ldap.active_directory import quoted_password
from engine.connectors.ldap.options import initial_password_of
from engine.connectors.ldap.password_readers import Readers
from engine.connectors.ldap.schema import Schema
from engine.connectors.ldap.session import Session
from engine.connectors.password_delivery import NewPassword, hand_over, refuse_unusable, seal
from engine.errors import ObjectError, StepFailed
from engine.values.attribute_descriptions import usual
from storage.records import ChangeType

_LOGINS = ("userprincipalname", "samaccountname", "uid", "mail", "cn")
"""What people type beside a password, the usual first."""
Attributes = list[tuple[str, list[bytes]]]


class Passwords:
    """Makes the passwords of a batch, delivers them, and forgets them."""

    def __init__(self, session: Session, system: SystemConfig, schema: Schema) -> None:
        self._session = session
        self._objects = system.objects
        self._schema = schema
        self._made: dict[int, NewPassword] = {}
        """By the operations of the batch whose entries get one of their own."""
        self._refused: dict[int, str] = {}
        """Why entries of the batch get none, so that they are not created."""
        self._readers: dict[int, tuple[str, ...]] = {}
        """To whom passwords go by mail."""

    def prepare(self, operations: Sequence[ExportOperation]) -> None:
        """Make the passwords of the entries to be created; what is sealed for somebody is, before any is created."""
        self._refused.clear()
        for kind, settings in self._objects.items():
            policy = initial_password_of(settings)
            own = [one for one in operations if one.type == kind and one.change_type == ChangeType.CREATE]
            if not isinstance(policy, PasswordPolicy) or not own:
                continue
            try:
                self._make(policy, self._for_somebody(policy, own))
            except StepFailed as failure:
                self._refused |= {one.id: str(failure) for one in own}

    def refusal_of(self, operation: ExportOperation) -> ObjectError | None:
        """Give the error of an entry that would be created with a password that nobody gets."""
        why = self._refused.get(operation.id)
        if why is None:
            return None
        return ObjectError(
            "no-initial-password", f"nobody would get its password: {why}", "put that right; it is sent again"
        )

    def make_one(self, policy: PasswordPolicy, operation: ExportOperation) -> None:
        """Make the password that one entry is to have from now on. Raises `StepFailed`."""
        if not self._for_somebody(policy, [operation]):
            raise StepFailed(f"nobody would get the password: {self._refused.pop(operation.id)}")
        self._make(policy, [operation])

    def _for_somebody(self, policy: PasswordPolicy, operations: Sequence[ExportOperation]) -> list[ExportOperation]:
        """Give the operations whose passwords somebody would get; the others are refused."""
        self._readers = {}
        if policy.deliver.mail is None:
            return [*operations]
        readers = Readers(self._session, policy.deliver.mail)
        for one in operations:
            found = readers.of(one)
            if isinstance(found, str):
                self._refused[one.id] = found
            else:
                self._readers[one.id] = found
        return [one for one in operations if one.id in self._readers]

    def _make(self, policy: PasswordPolicy, operations: Sequence[ExportOperation]) -> None:
        if not operations:
            return
        folder = self._session.folder
        refuse_unusable(policy.deliver, folder)
        passwords = make_passwords(policy, folder, len(operations))
        made = [
            NewPassword(
                self._session.name,
                one.type,
                one.secondary_id or "",
                _login_of(one),
                password,
                self._readers.get(one.id, ()),
            )
            for one, password in zip(operations, passwords, strict=True)
        ]
        if policy.deliver.folder is not None:
            seal(policy.deliver, folder, made)
        self._made |= {one.id: password for one, password in zip(operations, made, strict=True)}

    def of(self, operation: ExportOperation) -> Attributes:
        """Give the password of a created entry as attributes of it, which nothing but this request ever holds."""
        wanted = initial_password_of(self._objects[operation.type])
        if wanted is None:
            return []
        if isinstance(wanted, PasswordPolicy):
            return self.attributes_of(self._made[operation.id].password, must_change=wanted.must_change)
        text = secrets.token_urlsafe(24) + "aA1!" if wanted == "random" else wanted.reveal(self._session.folder)
        return self.attributes_of(text, must_change=False)

    def made_for(self, operation: ExportOperation) -> str:
        """Give the password that was made for an operation."""
        return self._made[operation.id].password

    def attributes_of(self, password: str, *, must_change: bool) -> Attributes:
        """Give a password as the server takes it, and that it has to be changed, where the server knows of that."""
        if self._session.offers.is_active_directory:
            changed = [("pwdLastSet", [b"0"])] if must_change else []
            return [("unicodePwd", [quoted_password(password)]), *changed]
        known = must_change and self._schema.knows("pwdReset")
        return [("userPassword", [password.encode()]), *([("pwdReset", [b"TRUE"])] if known else [])]

    def deliver(self, results: MutableMapping[int, ExportResult]) -> None:
        """Hand the passwords over of the entries that were created, where a command or mail takes them; forget all.

        Of entries of which nobody knows whether they were created it is told that nobody got theirs. Where a password
        was handed to nobody, its result says why.
        """
        for kind, settings in self._objects.items():
            policy = initial_password_of(settings)
            if not isinstance(policy, PasswordPolicy) or not policy.deliver.comes_after:
                continue
            self._hand_over(kind, policy, results)
        self._made.clear()

    def _hand_over(self, kind: str, policy: PasswordPolicy, results: MutableMapping[int, ExportResult]) -> None:
        """Hand the passwords of one type's entries over, and note of each whether somebody got it."""
        own = {made.name: number for number, made in self._made.items() if made.type == kind}
        doubtful = [self._made[number] for number in own.values() if number not in results]
        created = [self._made[one] for one in own.values() if one in results and results[one].error is None]
        for failed in hand_over(policy.deliver, self._session.folder, created) if created else ():
            self._session.tell(_not_delivered(failed.whose, f"was created whose password nobody got: {failed.why}"))
            for number in [own[one.name] for one in failed.whose]:
                results[number] = replace(results[number], undelivered=failed.why)
        if doubtful:
            self._session.tell(_not_delivered(doubtful, "may have been created, and nobody got its password"))


def _not_delivered(whose: Sequence[NewPassword], what: str) -> str:
    others = f" and {len(whose) - 1:,} more like it" if len(whose) > 1 else ""
    return f"'{whose[0].name}' {what}{others}; 'interlock password reset' gives another"


def _login_of(operation: ExportOperation) -> str:
    named = {usual(name): values for name, values in operation.attributes.items() if values}
    return next((str(named[name][0]) for name in _LOGINS if name in named), "")
