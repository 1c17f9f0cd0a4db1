"""Why a server's password policy refuses a password, where it tells (draft-behera-ldap-password-policy §6.2)."""

from engine.connectors.ldap import ber
from engine.connectors.ldap.ber import WireError
from engine.connectors.ldap.messages import Result
from engine.errors import ObjectError

POLICY = "1.3.6.1.4.1.42.2.27.8.5.1"
"""The control by which a policy is asked to tell, and tells."""
_ERROR = 0x81
_WHY = {
    0: "the account's password has expired",
    1: "the account is locked",
    2: "the password we bind with has to be changed first",
    3: "this account may not change passwords",
    4: "it wants the old password with the new one",
    5: "the password is not good enough",
    6: "the password is too short",
    7: "the password was changed too lately",
    8: "the account had this password before",
    9: "the password is too long",
}


def with_policy(error: ObjectError, result: Result) -> ObjectError:
    """Give an error with why the policy refuses a password, where the server's answer says so."""
    why = _why(result)
    if why is None:
        return error
    told = f"the password policy refuses it: {why}; {error.message}"
    return error._replace(message=told, advice="let 'initial_password' fulfil the policy, or look at the policy")


def _why(result: Result) -> str | None:
    value = next((one.value for one in result.controls if one.oid == POLICY), None)
    if not value:
        return None
    try:
        told = next((one for one in ber.inside(value) if one[0] == _ERROR), None)
        return None if told is None else _WHY.get(ber.number(value, told, _ERROR), "it does not say why")
    except WireError:
        return None
