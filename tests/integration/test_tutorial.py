"""The tutorial's ten minutes with a directory of one's own, word for word, against OpenLDAP and Active Directory."""

import csv
import re
from pathlib import Path

from tests.certificates import Authority
from tests.inside import Inside
from tests.samba import ADMIN as DOMAIN_ADMIN
from tests.samba import PASSWORD as DOMAIN_PASSWORD
from tests.samba import SUFFIX as DOMAIN_SUFFIX
from tests.samba import encrypted, needs_root
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
OURS, TO_THE_DIRECTORY = "[systems.directory]", '[[rules]]\nname = "departments to the directory"'


class Tutorial(Inside):
    """A workspace as `interlock init` makes it, with what the tutorial says put into it."""

    def __init__(self, folder: Path, password: str) -> None:
        super().__init__(folder, "", {"DIRECTORY_PASSWORD": password})
        (folder / "interlock.toml").unlink()
        self("init", str(folder))
        self.text = (folder / "interlock.toml").read_text(encoding="utf-8")

    def put(self, block: str, start: str, end: str) -> None:
        """Put a block of the tutorial in the place of what stands between two lines."""
        first = self.text.index(start)
        self.text = self.text[:first] + block + "\n" + self.text[self.text.index(end, first + 1) :]

    def own(self, names: dict[str, str]) -> None:
        """Put the names of this test's own systems in the place of the tutorial's, and keep that as configuration."""
        for example, name in names.items():
            assert example in self.text
            self.text = self.text.replace(example, name)
        self.configure(self.text)

    def rows(self) -> list[dict[str, str]]:
        with (self.folder / "hr.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def _block(*holding: str) -> str:
    (found,) = (block for block in BLOCKS if all(one in block for one in holding))
    return str(found)


def _walk(work: Tutorial) -> set[str]:
    """Steps 4 to 8 of the tutorial: each phase, a night, a leaver, a file that was cut off. Gives who is left."""
    told = work("check")
    assert "directory: TLS: TLSv1.3" in told
    assert {line.split()[0] for line in told.splitlines()[1:]} == {"ok"}
    assert "31 adds" in work("step", "import", "hr")
    work("step", "import", "directory")
    assert "31 projections" in work("step", "sync")
    assert "31 provisioning adds" in work("step", "evaluate")
    assert len(work.json("exports", "--limit", "0")) == 31
    assert "31 adds" in work("step", "export", "directory")
    assert "31 exports confirmed" in work("step", "confirm", "directory")
    assert work.json("exports") == []
    work("run", "nightly")

    everybody = work.rows()
    work.csv("hr.csv", everybody[1:])
    assert "1 wait in the review" in work("run")
    (item,) = work.json("review")
    work("review", "approve", item["id"], "--reason", "left in November")
    told = work("run")
    assert "1 delete" in told
    assert "1 export confirmed" in told
    work.csv("hr.csv", everybody[1:11])
    assert "stopped-deletion-threshold" in work("run", status=3)
    return {row["employee_id"] for row in everybody[1:]}


def test_with_openldap(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    made = authority.sign("server", names="DNS:localhost")
    tls = f"TLSCertificateFile {made.certificate}\nTLSCertificateKeyFile {made.key}"
    server = Slapd(tmp_path / "slapd", extra=tls).start()
    try:
        server.add(BASE)
        work = Tutorial(tmp_path / "work", PASSWORD)
        work.put(_block(OURS, "starttls"), OURS, "[systems.directory.objects.department]")
        work.own(
            {
                "ldap://ldap.example.org": f"ldap://localhost:{server.port}",
                '"ca.pem"': f'"{authority.file}"',
                '"cn=interlock,dc=example,dc=org"': f'"{ADMIN}"',
                "dc=example,dc=org": SUFFIX,
            }
        )
        left = _walk(work)
        assert {one["employeeNumber"][0] for one in server.people().values()} == left
    finally:
        server.stop()


@needs_root
def test_with_active_directory(tmp_path: Path, shared_folder: Path) -> None:
    with encrypted(shared_folder, tmp_path) as (samba, port, authority):
        samba.tool("ldapadd", text=f"dn: OU=Staff,{DOMAIN_SUFFIX}\nobjectClass: organizationalUnit\n")
        work = Tutorial(tmp_path / "work", DOMAIN_PASSWORD)
        work.put(_block(OURS, "objectGUID"), OURS, "[metaverse.department]")
        work.put(_block("[[rules]]", "sAMAccountName"), TO_THE_DIRECTORY, "# ----")
        work.own(
            {
                "ldaps://dc1.example.com": f"ldaps://localhost:{port}",
                "company-ca.pem": str(authority.file),
                "CN=interlock,OU=Services,DC=example,DC=com": DOMAIN_ADMIN,
                "DC=example,DC=com": DOMAIN_SUFFIX,
            }
        )
        left = _walk(work)
        query = (
            "-LLL",
            "-b",
            f"OU=Staff,{DOMAIN_SUFFIX}",
            "(objectClass=user)",
            "employeeNumber",
            "userAccountControl",
        )
        found = samba.tool("ldapsearch", *query)
        numbers = re.findall(r"^employeeNumber: (.+)$", found, re.MULTILINE)
        assert set(numbers) == left
        assert re.findall(r"^userAccountControl: (.+)$", found, re.MULTILINE) == ["512"] * len(numbers)
