"""Active Directory, for real: a domain controller of Samba's, from an empty branch to a restored leaver."""

import csv
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest

from engine.connectors.ldap import dirsync
from tests.inside import Inside, document
from tests.samba import ADMIN, PASSWORD, SUFFIX, Samba, needs_root, provisioned

pytestmark = needs_root
COLUMNS = ("id", "first", "last", "department", "status", "manager")
UAC = "userAccountControl"


@pytest.fixture(scope="session")
def samba(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samba]:
    made = Samba(provisioned(shared_folder), tmp_path_factory.mktemp("samba") / "dc").start()
    yield made
    made.stop()


class Domain(Inside):
    """An office whose accounts stand in a branch of the domain that is its own."""

    def __init__(self, folder: Path, samba: Samba, name: str) -> None:
        self.samba = samba
        self.base = f"OU={name},{SUFFIX}"
        units = "".join(
            f"dn: {dn}\nobjectClass: organizationalUnit\n\n"
            for dn in (self.base, f"OU=IT,{self.base}", f"OU=Sales,{self.base}")
        )
        samba.tool("ldapadd", text=units)
        self.prefix = name.lower()
        self.rows = {
            str(n): {"id": str(n), "first": first, "last": last, "department": unit, "status": "active", "manager": ""}
            for n, (first, last, unit) in enumerate(
                [("Ada", "Lovelace", "IT"), ("Bob", "Noyce, Jr.", "Sales"), ("Cleo", "Stöhr", "IT")], 1
            )
        }
        common = {"external_id": "objectGUID", "secondary_external_id": "dn"}
        self.types: dict[str, Any] = {
            "person": {
                **common,
                "object_class": ["user"],
                "filter": "(objectCategory=person)",
                "attributes": {UAC: "integer", "manager": "reference"},
                "matching": {"manager": "dn"},
            },
            "group": {**common, "object_class": ["group"], "attributes": {"member": "reference[]"}},
        }
        self.ad: dict[str, Any] = {
            "connector": "ldap",
            "url": samba.ldapi,
            "base": self.base,
            "bind_dn": ADMIN,
            "password": {"env": "AD_PASSWORD"},
            "deletions": {"max_percent": 100},
            "exports": {"retry_delay": "0s"},
        }
        self.flow = {
            "cn": "display_name",
            "sAMAccountName": f"{self.prefix}.{{{{ first | ascii | lower }}}}",
            "displayName": "display_name",
            "givenName": "first",
            "sn": "last",
            "employeeNumber": "employee_id",
            "department": "department",
            UAC: "{{ (status == 'active') | account_control('password_not_required') }}",
        }
        super().__init__(folder, "", {"AD_PASSWORD": PASSWORD})

    def main(self, *arguments: str) -> tuple[int, str, str]:
        tables = {
            "systems": {
                "hr": {
                    "connector": "csv",
                    "objects": {"person": {"path": "hr.csv", "external_id": "id", "attributes": {}}},
                    "deletions": {"max_percent": 100},
                },
                "ad": {**self.ad, "objects": self.types},
            },
            "metaverse": {
                "person": {"deletion": {"when": "last_connector_gone"}, "attributes": {"manager": "reference"}},
                "group": {"attributes": {"members": "reference[]"}},
            },
        }
        tables["systems"]["hr"]["objects"]["person"]["attributes"] = {"manager": "reference"}
        rules = [
            {
                "name": "people",
                "from": "hr.person",
                "to": "metaverse.person",
                "join": [["employee_id"]],
                "project": True,
                "flow": {
                    "employee_id": "id",
                    "display_name": "{{ first }} {{ last }}",
                    **{name: name for name in COLUMNS[1:]},
                },
            },
            {
                "name": "accounts",
                "from": "metaverse.person",
                "to": "ad.person",
                "join": [["employeeNumber"]],
                "provision": True,
                "deprovision": "delete",
                "dn": f"CN={{{{ display_name | rdn }}}},OU={{{{ department | rdn }}}},{self.base}",
                "flow": {**self.flow, "manager": "manager"},
            },
            {
                "name": "groups of the domain",
                "from": "ad.group",
                "to": "metaverse.group",
                "project": True,
                "flow": {"name": "cn", "members": "member"},
            },
        ]
        self.configure(document(tables, rules=rules))
        self.csv("hr.csv", self.rows.values(), COLUMNS)
        return super().main(*arguments)

    def entries(self, query: str = "(objectClass=user)", *names: str) -> dict[str, dict[str, list[str]]]:
        """Give what ldapsearch finds in the branch: CN → attributes."""
        from tests.slapd import decode_line

        out = self.samba.tool("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", self.base, query, *(names or ("*",)))
        found: dict[str, dict[str, list[str]]] = {}
        for block in out.split("\n\n"):
            lines = [decode_line(line) for line in block.splitlines() if line and not line.startswith("#")]
            if lines and lines[0][0] == "dn":
                entry: dict[str, list[str]] = {}
                for name, value in lines:
                    entry.setdefault(name, []).append(value)
                found[entry.get("cn", entry["dn"])[0]] = entry
        return found

    def modify(self, dn: str, *lines: str) -> None:
        self.samba.tool("ldapmodify", text=f"dn: {dn}\nchangetype: modify\n" + "\n".join(lines) + "\n")


@pytest.fixture
def domain(tmp_path: Path, samba: Samba, request: pytest.FixtureRequest) -> Domain:
    name = "".join(char for char in request.node.name.title() if char.isalnum())[-12:]
    return Domain(tmp_path / "workspace", samba, name)


def test_people_are_created_changed_moved_switched_off_and_deleted(domain: Domain) -> None:
    domain.rows["1"]["manager"] = "2"
    domain("run")
    made = domain.entries()
    assert set(made) == {"Ada Lovelace", "Bob Noyce, Jr.", "Cleo Stöhr"}
    assert made["Ada Lovelace"][UAC] == ["544"]
    assert made["Ada Lovelace"]["manager"][0].lower() == made["Bob Noyce, Jr."]["dn"][0].lower()
    ids = dict(domain.query("SELECT external_id, secondary_id FROM objects WHERE system = 'ad' AND type = 'person'"))
    assert all(len(one) == 36 and one.count("-") == 4 for one in ids), "an objectGUID is shown as Windows shows it"
    told = domain("run")
    assert "3 unchanged" in told
    assert domain.json("exports") == []

    domain.rows["2"]["department"] = "IT"  # moves
    domain.rows["3"]["last"] = "Stöhr-Weiß"  # renames; the RDN's own attribute is not written beside it
    domain.rows["1"]["status"] = "left"  # is switched off
    guid = {cn: entry["objectGUID"] for cn, entry in made.items()}
    domain("run")
    after = domain.entries()
    assert after["Bob Noyce, Jr."]["dn"][0].endswith(f"OU=IT,{domain.base}")
    assert after["Bob Noyce, Jr."]["objectGUID"] == guid["Bob Noyce, Jr."]
    assert after["Cleo Stöhr-Weiß"]["objectGUID"] == guid["Cleo Stöhr"]
    assert after["Ada Lovelace"][UAC] == ["546"]
    assert domain.json("exports") == []

    del domain.rows["1"]
    domain("run")
    assert "Ada Lovelace" in domain.entries()
    domain("review", "approve", "rev-1", "--reason", "left")
    domain("run")
    assert set(domain.entries()) == {"Bob Noyce, Jr.", "Cleo Stöhr-Weiß"}


def test_an_entry_that_was_moved_by_somebody_else_is_written_by_its_id(domain: Domain) -> None:
    domain("run")
    bob = domain.entries()["Bob Noyce, Jr."]
    domain.samba.tool(
        "ldapmodify",
        text=f"dn: {bob['dn'][0]}\nchangetype: modrdn\nnewrdn: CN=Bob\ndeleteoldrdn: 1\n"
        f"newsuperior: OU=IT,{domain.base}\n",
    )
    domain.rows["2"]["first"] = "Robert"
    for step in ("import hr", "sync", "evaluate", "export ad"):
        domain("step", *step.split())
    after = domain.entries()
    robert = next(entry for entry in after.values() if entry["objectGUID"] == bob["objectGUID"])
    assert robert["givenName"] == ["Robert"]
    assert len(after) == 3


def test_a_delta_tells_what_was_changed_created_renamed_and_deleted(domain: Domain) -> None:
    domain("run")
    assert "delta import: by DirSync" in domain("check")
    domain("step", "import", "ad")
    ada, bob, cleo = (domain.entries()[cn]["dn"][0] for cn in ("Ada Lovelace", "Bob Noyce, Jr.", "Cleo Stöhr"))
    told = domain("step", "delta", "ad")
    assert "updates" not in told
    domain.modify(ada, "replace: department", "department: Board")
    domain.samba.tool("ldapmodify", text=f"dn: {cleo}\nchangetype: modrdn\nnewrdn: CN=Cleo S\ndeleteoldrdn: 1\n")
    domain.samba.tool("ldapdelete", bob)
    domain.samba.tool(
        "ldapadd", text=f"dn: CN=Dan,OU=IT,{domain.base}\nobjectClass: user\nsAMAccountName: {domain.prefix}.dan\n"
    )
    told = domain("step", "delta", "ad")
    assert "1 add" in told
    assert "1 update" in told
    assert "1 rename" in told
    assert "1 delete" in told
    (item,) = domain.json("review")
    bob = bob.replace("\\2C", "\\,")
    assert item["label"] == f"Bob Noyce, Jr. ({bob})"
    assert "everything was read" not in told


def test_an_id_of_octets_is_written_deleted_and_told_as_deleted(domain: Domain) -> None:
    domain.types["person"]["attributes"]["objectGUID"] = "binary"
    domain("run")
    domain.rows["2"]["department"] = "IT"
    domain.rows["3"]["first"] = "Cleopatra"
    assert domain("plan").count("renames") >= 1
    domain("run")
    assert domain.json("exports") == []
    after = domain.entries()
    assert after["Bob Noyce, Jr."]["dn"][0].endswith(f"OU=IT,{domain.base}")
    assert after["Cleopatra Stöhr"]["givenName"] == ["Cleopatra"]
    del domain.rows["1"]
    domain("run")
    domain("review", "approve", "rev-1", "--reason", "left")
    domain("run")
    assert "Ada Lovelace" not in domain.entries()
    domain("step", "import", "ad")
    domain.samba.tool("ldapdelete", after["Bob Noyce, Jr."]["dn"][0])
    assert "1 delete" in domain("step", "delta", "ad")


def test_a_move_makes_the_units_that_it_needs(domain: Domain) -> None:
    domain.ad["create_parents"] = True
    domain("run")
    domain.rows["1"]["department"] = "Board"
    assert "1 rename" in domain("plan")
    domain("run")
    assert domain.entries()["Ada Lovelace"]["dn"][0].endswith(f"OU=Board,{domain.base}")
    assert domain.json("exports") == []


def test_changes_are_told_by_numbers_where_dirsync_is_not_granted(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr(dirsync, "DIRSYNC", "1.2.3.4")  # as a controller that does not offer it
    domain("run")
    domain("step", "import", "ad")
    assert "update sequence numbers" in domain("check")
    entries = domain.entries()
    domain.modify(entries["Ada Lovelace"]["dn"][0], "replace: department", "department: Board")
    domain.samba.tool("ldapdelete", entries["Bob Noyce, Jr."]["dn"][0])
    told = domain("step", "delta", "ad")
    assert "1 update" in told
    assert "1 delete" in told


def test_a_password_is_sent_over_tls_only_and_kept_nowhere(domain: Domain, tmp_path: Path) -> None:
    secret = "Initial-Passw0rd!"
    domain.env["INITIAL"] = secret
    domain.types["person"]["initial_password"] = {"env": "INITIAL"}
    domain.flow[UAC] = "{{ (status == 'active') | account_control }}"
    told = domain("run", status=1)
    assert "the entry gets a password, and that is sent over TLS only" in told
    assert domain.entries() == {}

    private = domain.samba.home / "private" / "tls"
    with domain.samba.tcp(636) as port:
        domain.ad |= {"url": f"ldaps://localhost:{port}", "ca_file": str(private / "ca.pem")}
        told = domain("check", status=4)
        assert "its certificate is not to be trusted" in told, "a domain controller's name is not localhost"
    _certify(private)
    domain.samba.restart()
    with domain.samba.tcp(636) as port:
        domain.ad |= {"url": f"ldaps://localhost:{port}", "ca_file": str(private / "own-ca.pem")}
        domain("exports", "retry", *(one["id"] for one in domain.json("exports")))
        domain("run")
    made = domain.entries()
    assert {entry[UAC][0] for entry in made.values()} == {"512"}
    ada = made["Ada Lovelace"]["dn"][0]
    bind = ["ldapsearch", "-x", "-H", domain.samba.ldapi, "-D", ada, "-w", secret, "-b", ada, "-s", "base"]
    assert subprocess.run(bind, capture_output=True, check=False).returncode == 0
    for file in domain.folder.iterdir():
        assert secret.encode() not in file.read_bytes(), f"{file.name} holds the password"
        assert secret.encode("utf-16-le") not in file.read_bytes()


def test_everybody_gets_a_password_of_their_own_and_changes_it(domain: Domain) -> None:
    key = pyrage.x25519.Identity.generate()
    (domain.folder / "new").mkdir()
    policy = {"deliver": {"folder": "new", "recipients": [str(key.to_public())]}}
    domain.types["person"]["initial_password"] = policy
    domain.flow[UAC] = "{{ (status == 'active') | account_control }}"
    private = domain.samba.home / "private" / "tls"
    _certify(private)
    domain.samba.restart()
    with domain.samba.tcp(636) as port:
        domain.ad |= {"url": f"ldaps://localhost:{port}", "ca_file": str(private / "own-ca.pem")}
        domain("run")
        made = domain.entries()
        assert {(entry[UAC][0], entry["pwdLastSet"][0]) for entry in made.values()} == {("512", "0")}
        delivered = {one["name"]: one["password"] for one in _opened(domain, key)}
        assert set(delivered) == {entry["dn"][0] for entry in made.values()}
        ada = made["Ada Lovelace"]["dn"][0]
        assert "773" in _bound(domain, ada, delivered[ada]), "it is right, and has to be changed first"
        assert "52e" in _bound(domain, ada, delivered[ada] + "x")
        domain.types["person"]["initial_password"] = {**policy, "must_change": False}
        (number,) = [one["id"] for one in domain.json("objects") if one["secondary_id"] == ada]
        domain("password", "reset", number, "--reason", "she lost the letter")
    (new,) = [one for one in _opened(domain, key) if one["password"] not in delivered.values()]
    assert (new["name"], _bound(domain, ada, new["password"])) == (ada, "")


def _opened(domain: Domain, key: Any) -> list[dict[str, str]]:
    sealed = sorted((domain.folder / "new").iterdir())
    return [
        row for path in sealed for row in csv.DictReader(pyrage.decrypt(path.read_bytes(), [key]).decode().splitlines())
    ]


def _bound(domain: Domain, dn: str, password: str) -> str:
    """Try a password, and give what the controller says against it."""
    command = ["ldapsearch", "-x", "-H", domain.samba.ldapi, "-D", dn, "-w", password, "-b", dn, "-s", "base"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def test_a_group_with_very_many_members_is_read_part_by_part(domain: Domain, tmp_path: Path) -> None:
    from engine.connectors.entries import part_of
    from engine.connectors.ldap.options import LdapOptions
    from engine.connectors.ldap.ranges import rest_of
    from engine.connectors.ldap.session import Session

    domain("run")
    members = [entry["dn"][0] for entry in domain.entries().values()]
    lines = "".join(f"member: {dn}\n" for dn in members)
    domain.samba.tool("ldapadd", text=f"dn: CN=all,{domain.base}\nobjectClass: group\n{lines}")
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    options = LdapOptions(url=domain.samba.ldapi, base=domain.base, bind_dn=ADMIN, password={"file": str(secret)})
    session = Session("ad", options, tmp_path, [])
    try:
        rest = rest_of(session, f"CN=all,{domain.base}", "member", 1)
    finally:
        session.close()
    assert len(rest) == len(members) - 1
    assert part_of(b"member;range=0-1499") == ("member", 1500)
    assert part_of(b"Member;Range=1500-*") == ("Member", None)


def _certify(folder: Path) -> None:
    """Let the controller have a certificate for `localhost`, signed by an authority of the test's own."""
    run = lambda *words: subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)  # noqa: E731
    new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    run(*new, "-subj", "/CN=authority", "-keyout", "own-ca.key", "-out", "own-ca.pem")
    run("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=dc1", "-keyout", "key.pem", "-out", "own.csr")
    (folder / "own.ext").write_text("subjectAltName=DNS:localhost\n")
    signing = ("-CA", "own-ca.pem", "-CAkey", "own-ca.key", "-CAcreateserial", "-days", "2", "-extfile", "own.ext")
    run("x509", "-req", "-in", "own.csr", *signing, "-out", "cert.pem")
    (folder / "key.pem").chmod(0o600)
