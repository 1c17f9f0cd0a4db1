"""New accounts get passwords of their own, which are delivered once and kept nowhere."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

import pyrage
import pytest

from engine.connectors.initial_passwords import CLASSES, LOOK_ALIKE
from tests.directory import UNITS, accounts
from tests.dying import killed
from tests.inside import Inside
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd
from tests.smtp import MailServer, make_certificate

DN = "uid={{ id | rdn }},ou=people," + SUFFIX
KEEP = """
import json, pathlib, sys
told = json.load(sys.stdin)["passwords"]
place = pathlib.Path("told.json")
place.write_text(json.dumps((json.loads(place.read_text()) if place.exists() else []) + told))
"""
SEALED = 'deliver = { folder = "new", recipients = ["%s"] }'
TOLD = f"deliver = {{ command = {json.dumps([sys.executable, 'keep.py'])} }}"


@pytest.fixture
def key() -> Any:
    return pyrage.x25519.Identity.generate()


def office(server: Slapd, folder: Path, policy: str, people: int = 3, more: str = "") -> Inside:
    config = accounts(server, dn=DN, flow={}, system=more)
    line = 'object_class = ["inetOrgPerson"]'
    site = Inside(
        folder,
        config.replace(line, f"{line}\ninitial_password = {{ {policy} }}"),
        {"DIRECTORY_PASSWORD": PASSWORD},
    )
    (folder / "keep.py").write_text(KEEP)
    (folder / "new").mkdir(exist_ok=True)
    site.csv("hr.csv", [{"id": f"p{one}"} for one in range(people)])
    return site


def opened(site: Inside, key: Any) -> list[dict[str, str]]:
    """Give what has been delivered to whoever has the key."""
    found: list[dict[str, str]] = []
    for path in sorted((site.folder / "new").iterdir()):
        assert path.stat().st_mode & 0o777 == 0o600
        found += csv.DictReader(io.StringIO(pyrage.decrypt(path.read_bytes(), [key]).decode()))
    return found


def told(site: Inside) -> list[dict[str, str]]:
    place = site.folder / "told.json"
    return json.loads(place.read_text()) if place.exists() else []


def may_bind(server: Slapd, dn: str, password: str) -> bool:
    command = ["ldapwhoami", "-x", "-H", server.url, "-D", dn, "-w", password]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("way", ["sealed", "told"])
def test_each_account_opens_with_what_was_delivered_and_nobody_keeps_it(
    server: Slapd, tmp_path: Path, key: Any, way: str
) -> None:
    site = office(server, tmp_path / "ws", SEALED % key.to_public() if way == "sealed" else TOLD)
    said = site("run")
    delivered = opened(site, key) if way == "sealed" else told(site)
    assert sorted(one["login"] for one in delivered) == ["p0", "p1", "p2"]
    assert all(may_bind(server, one["name"], one["password"]) for one in delivered)
    assert len({one["password"] for one in delivered}) == 3
    for one in delivered:
        password = one["password"]
        assert len(password) == 16
        assert not set(password) & LOOK_ALIKE
        assert all(set(password) & set(letters) for letters in CLASSES.values())
        assert password not in said
        for path in site.folder.rglob("*"):
            if path.is_file() and path.name != "told.json":
                assert password.encode() not in path.read_bytes(), path
    site("run")
    again = opened(site, key) if way == "sealed" else told(site)
    assert again == delivered, "nothing is created, so nobody gets anything"


def test_words_are_taken_from_a_list(server: Slapd, tmp_path: Path, key: Any) -> None:
    words = [f"word{one}" for one in range(2000)]
    policy = f'words = 5, words_file = "words.txt", separator = ".", {SEALED % key.to_public()}'
    site = office(server, tmp_path / "ws", policy)
    (site.folder / "words.txt").write_text("\n".join([*words, "", words[0]]))
    site("run")
    for one in opened(site, key):
        assert set(one["password"].split(".")) <= set(words)
        assert may_bind(server, one["name"], one["password"])


def test_what_is_sealed_is_there_whenever_a_run_dies(server: Slapd, tmp_path: Path, key: Any) -> None:
    site = office(server, tmp_path / "ws", SEALED % key.to_public())
    for step in ("import hr", "import directory", "sync", "evaluate"):
        site("step", *step.split())
    at = 0
    while killed(site, "step", "export", "directory", at=(at := at + 1), after=True):
        passwords = {(one["name"], one["password"]) for one in opened(site, key)}
        for dn in server.people():
            assert any(name == dn and may_bind(server, dn, password) for name, password in passwords)
    site("run", status=None)
    assert len(server.people()) == 3


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ('deliver = { folder = "nowhere", recipients = ["KEY"] }', "is no folder that can be written"),
        ('deliver = { folder = "new", recipients = ["age1nobody"] }', "'age1nobody' is no recipient"),
        ('words = 5, words_file = "none.txt", deliver = { folder = "new", recipients = ["KEY"] }', "cannot be read"),
        ('words = 3, words_file = "keep.py", deliver = { folder = "new", recipients = ["KEY"] }', "could be guessed"),
    ],
)
def test_nothing_is_created_where_nobody_would_get_it(
    server: Slapd, tmp_path: Path, key: Any, policy: str, why: str
) -> None:
    site = office(server, tmp_path / "ws", policy.replace("KEY", str(key.to_public())))
    assert why in site("check", status=4)
    assert why in site("run", status=None)
    assert server.people() == {}
    assert {(one["status"], one["error_code"]) for one in site.json("exports")} == {("Pending", "no-initial-password")}
    assert list((site.folder / "new").iterdir()) == []


def test_a_command_that_fails_is_told_with_what_to_do(server: Slapd, tmp_path: Path) -> None:
    site = office(server, tmp_path / "ws", 'deliver = { command = ["false"] }')
    said = site("run", status=None)
    assert "was created whose password nobody got: false ended with status 1 and 2 more like it" in said
    assert "interlock password reset" in said
    assert owed(site) == set(server.people())


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ("length = 8, deliver = { command = ['x'] }", "could be guessed"),
        ("length = 20, classes = [], deliver = { command = ['x'] }", "classes"),
        ("words = 5, deliver = { command = ['x'] }", "'words' and 'words_file' go together"),
        ("deliver = { folder = 'x' }", "deliver to a folder with its recipients, to a command, or by mail"),
        ("deliver = { mail = { host = 'm', from = 'a@b' } }", "say for whom the passwords are"),
        ("deliver = { mail = { host = 'm', from = 'a@b', to = ['x'] } }", "'x' is no address"),
        ("deliver = { mail = { host = 'm', from = 'a@b', to = ['a@b'], tls = 'none' } }", "encrypted connection only"),
        ("deliver = { folder = 'x', recipients = ['a'], command = ['b'] }", "to a command, or by mail"),
        ("lenght = 20, deliver = { command = ['x'] }", "lenght"),
        ("length = 20", "deliver"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(server: Slapd, tmp_path: Path, policy: str, why: str) -> None:
    site = office(server, tmp_path / "ws", policy)
    said = site("check", status=2)
    assert why in said
    assert "Input should be" not in said
    assert "function-" not in said
    assert "keyring" not in said, "whoever writes a policy means no secret"


# ---------------------------------------------------------------------------------- a policy of the server's

WRITER = f"cn=interlock,{SUFFIX}"
RIGHTS = f'access to * by dn.exact="{WRITER}" write by anonymous auth by * read'
POLICY = f"""
dn: {WRITER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: interlock
userPassword: {PASSWORD}

dn: cn=policy,{SUFFIX}
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdCheckQuality: 2
pwdMinLength: 30
pwdInHistory: 3
"""


@pytest.mark.parametrize("client", ["auto", "ldap3"])
def test_why_a_policy_refuses_a_password_is_told(tmp_path: Path, key: Any, client: str) -> None:
    overlay = f'overlay ppolicy\nppolicy_default "cn=policy,{SUFFIX}"\n{RIGHTS}'
    server = Slapd(tmp_path / "slapd", extra="moduleload ppolicy.la", overlays=overlay).start()
    try:
        server.add("\n".join([BASE, UNITS, POLICY]))
        sealed = SEALED % key.to_public()
        site = office(server, tmp_path / "ws", sealed, more=f'client = "{client}"')
        config = (site.folder / "interlock.toml").read_text().replace(f'bind_dn = "{ADMIN}"', f'bind_dn = "{WRITER}"')
        site.configure(config)
        said = site("run", status=None)
        assert "the password policy refuses it: the password is too short" in said + str(site.json("exports"))
        assert server.people() == {}
        site.configure(config.replace("initial_password = { ", "initial_password = { length = 32, "))
        site("exports", "retry", *[one["id"] for one in site.json("exports")])
        site("run")
        assert len(server.people()) == 3
        site.configure(config)
        number = next(one["id"] for one in site.json("objects") if (one["secondary_id"] or "").startswith("uid=p1,"))
        refused = site("password", "reset", number, "--reason", "forgotten", status=2)
        assert "keeps its password: the password policy refuses it: the password is too short" in refused
    finally:
        server.stop()


# ---------------------------------------------------------------------------------- nobody got it

DIE = """
import os, signal
writer = os.getppid()
with open(f"/proc/{writer}/stat") as file:
    run = int(file.read().rpartition(")")[2].split()[1])
os.kill(WHO, signal.SIGKILL)
"""


def owed(site: Inside) -> set[str]:
    """Give the accounts whose passwords nobody got."""
    listed = {one["id"] for one in site.json("password", "owed")}
    found = [one["secondary_id"] for one in site.json("objects") if one["id"] in listed]
    assert len(found) == len(listed)
    groups = [one for one in site.json("todo") if one["kind"] == "password"]
    assert sum(one["count"] for one in groups) == len(found)
    return set(found)


def in_a_process(site: Inside, *arguments: str) -> bool:
    """Run a command in a process of its own; tell whether that was killed."""
    return killed(site, *arguments, at=1_000_000, after=True)


@pytest.mark.parametrize("who", ["run", "writer"])
def test_whose_password_was_due_when_the_process_died_is_told(server: Slapd, tmp_path: Path, who: str) -> None:
    site = office(server, tmp_path / "ws", f"deliver = {{ command = {json.dumps([sys.executable, 'die.py'])} }}")
    (site.folder / "die.py").write_text(DIE.replace("WHO", who))
    assert in_a_process(site, "run") == (who == "run")
    assert len(server.people()) == 3, "the accounts were created, and nobody could say any more that ..."
    said = site("run", status=None)
    assert "was created, and nobody may have got its password and 2 more like it" in said
    assert owed(site) == set(server.people())
    (group,) = [one for one in site.json("todo") if one["kind"] == "password"]
    number = re.search(r"cso-\d+", group["advice"])
    assert number
    assert "the process ended" in group["what"]
    site.configure((site.folder / "interlock.toml").read_text().replace("die.py", "keep.py"))
    site("password", "reset", number[0], "--reason", "nobody got it")
    (delivered,) = told(site)
    assert may_bind(server, delivered["name"], delivered["password"])
    assert owed(site) == set(server.people()) - {delivered["name"]}
    assert "nobody may have got" not in site("run")


def test_wherever_a_run_dies_each_account_has_a_reader_or_is_told(server: Slapd, tmp_path: Path) -> None:
    at, died = 0, True
    while died:
        at += 1
        for dn in server.people():
            server.modify(f"dn: {dn}\nchangetype: delete\n")
        site = office(server, tmp_path / f"ws{at}", TOLD)
        for step in ("import hr", "import directory", "sync", "evaluate"):
            site("step", *step.split())
        died = killed(site, "step", "export", "directory", at=at, after=True)
        site("run")
        delivered = {one["name"]: one["password"] for one in told(site)}
        people = set(server.people())
        assert len(people) == 3
        assert all(may_bind(server, dn, delivered[dn]) for dn in people & delivered.keys())
        assert people - delivered.keys() <= owed(site)
        assert died or owed(site) == set()
    assert at > 3


def test_a_reset_whose_delivery_fails_says_so_and_stays_owed(server: Slapd, tmp_path: Path) -> None:
    site = office(server, tmp_path / "ws", TOLD)
    site("run")
    assert owed(site) == set()
    (number,) = [one["id"] for one in site.json("objects") if (one["secondary_id"] or "").startswith("uid=p1,")]
    config = (site.folder / "interlock.toml").read_text()
    site.configure(config.replace("keep.py", "nowhere.py"))
    said = site("password", "reset", number, "--reason", "forgotten", status=4)
    assert "it has another password, and nobody got it" in said
    assert owed(site) == {f"uid=p1,ou=people,{SUFFIX}"}
    site.configure(config)
    site("password", "reset", number, "--reason", "once more")
    assert owed(site) == set()
    server.stop()
    site("password", "reset", number, "--reason", "the server is away", status=4)
    assert owed(site) == set(), "nothing was done"


def test_a_password_is_owed_since_it_was_first(server: Slapd, tmp_path: Path) -> None:
    site = office(server, tmp_path / "ws", 'deliver = { command = ["false"] }')
    site("run", status=None)
    first = {one["id"]: one["since"] for one in site.json("password", "owed")}
    assert len(first) == 3
    site.shift = "3d"
    number = min(first)
    said = site("password", "reset", number, "--reason", "nobody got it", status=4)
    assert "it has another password, and nobody got it" in said
    assert {one["id"]: one["since"] for one in site.json("password", "owed")} == first


# ---------------------------------------------------------------------------------- by mail

MANAGED = [
    {"id": "p0", "boss": "", "mail": "boss@example.org"},
    {"id": "p1", "boss": "p0", "mail": ""},
    {"id": "p2", "boss": "p0", "mail": ""},
    {"id": "p3", "boss": "p1", "mail": ""},
]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[MailServer]:
    server = MailServer(make_certificate(tmp_path))
    yield server
    server.close()


def mailed(folder: Path, post: MailServer, *more: str) -> str:
    """Give a delivery by mail."""
    certificate = f"{folder / '127.0.0.1.pem.crt'}"
    words = [f'host = "127.0.0.1", port = {post.port}, ca_file = "{certificate}"', 'from = "interlock@example.org"']
    return f"deliver = {{ mail = {{ {', '.join([*words, *more])} }} }}"


def managed(server: Slapd, folder: Path, policy: str) -> Inside:
    """Give an office in which accounts have managers and addresses."""
    site = office(server, folder, policy)
    config = accounts(server, dn=DN, flow={"mail": "mail", "manager": "boss"}, types='manager = "reference"')
    source = 'path = "hr.csv"\nexternal_id = "id"'
    config = config.replace(source, f'{source}\nattributes = {{ boss = "reference" }}')
    config = config.replace("[metaverse.person]", '[metaverse.person]\nattributes = { boss = "reference" }')
    line = 'object_class = ["inetOrgPerson"]'
    site.configure(config.replace(line, f"{line}\ninitial_password = {{ {policy} }}"))
    site.csv("hr.csv", MANAGED)
    return site


def letters(post: MailServer) -> dict[str, dict[str, str]]:
    """Give what each reader was mailed: account → password."""
    found: dict[str, dict[str, str]] = {}
    for _, readers, text in post.messages:
        body = message_from_string(text, policy=default).get_content()
        pairs = re.findall(r"Account:   (.*)\nLogin: .*\nPassword:  (.*)\n", body.replace("\r", ""))
        assert pairs
        for reader in readers:
            found.setdefault(reader.partition("<")[2].partition(">")[0], {}).update(pairs)
    return found


def test_a_password_is_mailed_to_a_fixed_address(server: Slapd, tmp_path: Path, post: MailServer) -> None:
    site = office(server, tmp_path / "ws", mailed(tmp_path, post, 'to = ["desk@example.org"]'))
    assert "the passwords of new accounts can be delivered" in site("check")
    said = site("run")
    assert len(post.messages) == 1, "one message for one batch"
    passwords = letters(post)["desk@example.org"]
    assert len(passwords) == 3
    for dn, password in passwords.items():
        assert may_bind(server, dn, password)
        assert password not in said
        assert all(password.encode() not in one.read_bytes() for one in site.folder.rglob("*") if one.is_file())
    site("run")
    assert len(post.messages) == 1
    (number,) = [one["id"] for one in site.json("objects") if (one["secondary_id"] or "").startswith("uid=p1,")]
    assert "was delivered" in site("password", "reset", number, "--reason", "forgotten")
    dn = f"uid=p1,ou=people,{SUFFIX}"
    assert may_bind(server, dn, letters(post)["desk@example.org"][dn])
    assert not may_bind(server, dn, passwords[dn])


def test_a_password_is_mailed_to_the_manager(server: Slapd, tmp_path: Path, post: MailServer) -> None:
    policy = mailed(tmp_path, post, 'to_attribute = "manager"', 'to = ["desk@example.org"]')
    site = managed(server, tmp_path / "ws", policy)
    site.csv("hr.csv", MANAGED[:1])
    site("run")
    assert set(letters(post)) == {"desk@example.org"}, "who has no manager"
    site.csv("hr.csv", MANAGED[:3])
    site("run")
    assert {dn[:6] for dn in letters(post)["boss@example.org"]} == {"uid=p1", "uid=p2"}
    assert all(may_bind(server, dn, password) for dn, password in letters(post)["boss@example.org"].items())
    site.csv("hr.csv", MANAGED)
    site("run")
    assert {dn[:6] for dn in letters(post)["desk@example.org"]} == {"uid=p0", "uid=p3"}, "whose manager has no address"


@pytest.mark.parametrize(
    "address",
    [
        "=?utf-8?q?thief=40example.com=2C?=boss@example.org",  # a header would hold two addresses
        "=?utf-8?q?a=0ab?=@example.org",
        "boss@example..org",
        "boss@example.org, thief@example.com",
    ],
)
def test_what_a_header_would_take_for_other_addresses_is_none(
    server: Slapd, tmp_path: Path, post: MailServer, address: str
) -> None:
    policy = mailed(tmp_path, post, 'to_attribute = "mail"', 'to = ["desk@example.org"]')
    site = managed(server, tmp_path / "ws", policy)
    site.csv("hr.csv", [{"id": "p0", "boss": "", "mail": address}])
    site("run")
    assert set(letters(post)) == {"desk@example.org"}


def test_who_has_nobody_to_be_told_waits(server: Slapd, tmp_path: Path, post: MailServer) -> None:
    site = managed(server, tmp_path / "ws", mailed(tmp_path, post, 'to_attribute = "mail"'))
    said = site("run", status=None)
    assert "its 'mail' is not known, which says to whom that is mailed, and 'to' names nobody" in said
    assert set(letters(post)) == {"boss@example.org"}
    assert {one["error_code"] for one in site.json("exports")} == {"no-initial-password"}
    assert len(server.people()) == 1


@pytest.mark.parametrize("refuses", ["desk", "login"])
def test_mail_that_is_not_taken_is_told_with_what_to_do(server: Slapd, tmp_path: Path, refuses: str) -> None:
    post = MailServer(make_certificate(tmp_path), refuses=refuses)
    login = 'user = "interlock", password = { env = "DIRECTORY_PASSWORD" }'
    site = office(server, tmp_path / "ws", mailed(tmp_path, post, 'to = ["desk@example.org"]', login))
    said = site("run", status=None)
    if refuses == "login":
        assert "nobody would get its password" in said
        assert "FAIL" in site("check", status=4)
        assert server.people() == {}, "nothing is created where no mail can be sent"
    else:
        assert "was created whose password nobody got: 127.0.0.1 refuses desk@example.org and 2 more like it" in said
        assert "interlock password reset" in said
        assert len(server.people()) == 3
    assert post.messages == []
    post.close()


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_password(server: Slapd, tmp_path: Path) -> None:
    post = MailServer(make_certificate(tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    make_certificate(other)
    site = office(server, tmp_path / "ws", mailed(other, post, 'to = ["desk@example.org"]'))
    assert "CERTIFICATE_VERIFY_FAILED" in site("run", status=None)
    assert server.people() == {}
    assert post.messages == []
    post.close()


# ---------------------------------------------------------------------------------- another one


def test_an_account_gets_another_password(server: Slapd, tmp_path: Path, key: Any) -> None:
    site = office(server, tmp_path / "ws", SEALED % key.to_public())
    site("run")
    before = {one["login"]: one for one in opened(site, key)}
    (number,) = [one["id"] for one in site.json("objects") if (one["secondary_id"] or "").startswith("uid=p1,")]
    said = site("password", "reset", number, "--reason", "forgotten")
    assert "has another password, which was delivered" in said
    (new,) = [one for one in opened(site, key) if one["password"] not in {old["password"] for old in before.values()}]
    assert (new["login"], new["name"]) == ("p1", before["p1"]["name"])
    assert may_bind(server, new["name"], new["password"])
    assert not may_bind(server, new["name"], before["p1"]["password"])
    assert may_bind(server, before["p0"]["name"], before["p0"]["password"])
    entry = site.json("audit", "show", "--limit", "1")[0]
    assert (entry["action"], entry["subject"], entry["details"]["reason"]) == ("password-reset", number, "forgotten")
    assert new["password"] not in json.dumps(site.json("audit", "show", "--limit", "0"))
    site("run")
    assert site.json("exports") == []


def test_nobody_elses_password_is_reset(server: Slapd, tmp_path: Path, key: Any) -> None:
    """The entry of that name is another one by now."""
    site = office(server, tmp_path / "ws", SEALED % key.to_public())
    site("run")
    (number,) = [one["id"] for one in site.json("objects") if (one["secondary_id"] or "").startswith("uid=p1,")]
    dn = f"uid=p1,ou=people,{SUFFIX}"
    server.modify(f"dn: {dn}\nchangetype: delete\n")
    server.add(f"dn: {dn}\nobjectClass: inetOrgPerson\nuid: p1\ncn: x\nsn: x\nuserPassword: mine\n")
    assert "keeps its password" in site("password", "reset", number, "--reason", "forgotten", status=2)
    assert may_bind(server, dn, "mine")
    assert site.json("audit", "show", "--limit", "1")[0]["action"] == "password-reset-failed"


@pytest.mark.parametrize(
    ("more", "number", "why"),
    [
        ("", "cso-999", "there is no cso-999"),
        ("", "cso-1", "gives no passwords"),
        ('[roles]\nadministrator = ["root"]\n', "cso-4", "only an administrator may reset a password"),
    ],
)
def test_what_cannot_be_reset_is_refused(
    server: Slapd, tmp_path: Path, key: Any, more: str, number: str, why: str
) -> None:
    site = office(server, tmp_path / "ws", SEALED % key.to_public())
    site("run")
    site.configure((site.folder / "interlock.toml").read_text() + more)
    assert why in site("password", "reset", number, "--reason", "forgotten", status=None)


def test_no_password_goes_in_clear_to_another_machine(server: Slapd, tmp_path: Path, key: Any) -> None:
    site = office(server, tmp_path / "ws", SEALED % key.to_public())
    site("run")
    delivered = len(opened(site, key))
    text = (site.folder / "interlock.toml").read_text()
    # to a program that looks at the address alone, this is no loopback
    site.configure(text.replace("ldap://127.0.0.1", "ldap://0").replace("base = ", 'plaintext = "allowed"\nbase = ', 1))
    (number,) = [one["id"] for one in site.json("objects") if (one["secondary_id"] or "").startswith("uid=p1,")]
    assert "sent over TLS only" in site("password", "reset", number, "--reason", "forgotten", status=2)
    assert "no account could be created: the entry gets a password, and that is sent over TLS only" in site(
        "check", status=4
    )
    assert len(opened(site, key)) == delivered


def test_whose_password_nobody_got_is_told_however_the_step_ends(server: Slapd, tmp_path: Path) -> None:
    site = office(server, tmp_path / "ws", 'deliver = { command = ["false"] }')
    site.configure((site.folder / "interlock.toml").read_text() + "\n[run]\nerror_limit = 1\n")
    server.add(f"dn: uid=p1,ou=people,{SUFFIX}\nobjectClass: account\nuid: p1\n")
    said = site("run", status=None)
    assert "stopped-error-limit" in said
    assert "whose password nobody got" in said
