"""`interlock connector test`: every connector keeps what the protocol promises, and one that does not is found out."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.inside import Inside, document
from tests.slapd import ADMIN, PASSWORD, SUFFIX, Slapd
from tests.windows import window

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "connectors"
PEOPLE = [{"id": str(number), "name": f"Person {number}", "level": str(number % 5)} for number in range(1, 41)]


def make(folder: Path, system: dict[str, Any], kind: str, flow: list[str], **env: str) -> Inside:
    """Give a workspace with one system, all of whose attributes are used."""
    rule = {
        "name": "in",
        "from": f"it.{kind}",
        "to": "metaverse.thing",
        "project": True,
        "join": [[{"source": flow[0], "target": "key"}]],
        "flow": {"key": flow[0], **{name: name for name in flow[1:]}},
    }
    return Inside(folder, document({"systems": {"it": system}, "metaverse": {"thing": {}}}, rules=[rule]), env)


def findings(site: Inside, *more: str) -> dict[str, dict[str, Any]]:
    _, out, err = site.main("connector", "test", "it", *more, "--json")
    assert out, err
    return {one["promise"]: one for one in json.loads(out)}


def keeps_all(site: Inside, *more: str) -> dict[str, dict[str, Any]]:
    found = findings(site, *more)
    assert not [one for one in found.values() if one["kept"] is False]
    assert "no id comes twice" in found
    return found


def sample(site: Inside, text: str) -> tuple[str, str]:
    (site.folder / "sample.toml").write_text(text)
    return "--write", str(site.folder / "sample.toml")


def test_csv(tmp_path: Path) -> None:
    objects = {"person": {"external_id": "id", "attributes": {"level": "integer"}}}
    site = make(tmp_path, {"connector": "csv", "path": "it.csv", "objects": objects}, "person", ["id", "name", "level"])
    site.csv("it.csv", PEOPLE)
    before = (tmp_path / "it.csv").read_bytes()
    told = 'type = "person"\nattributes = { id = "99", name = "Ada", level = 3 }\nchange = { name = "Bea" }\n'
    found = keeps_all(site, *sample(site, told))
    assert found["an object is created"]["kept"]
    assert found["what was deleted is gone"]["kept"]
    assert (tmp_path / "it.csv").read_bytes() == before


@pytest.mark.parametrize("name", ["csv", "ldif"])
def test_files_as_they_are_delivered(tmp_path: Path, name: str) -> None:
    kind: dict[str, Any] = {"external_id": "id"} if name == "csv" else DIRECTORY["person"]
    flow = ["id", "name"] if name == "csv" else ["uid", "cn"]
    site = make(tmp_path, {"connector": name, "path": f"in/*.{name}", "objects": {"person": kind}}, "person", flow)
    (tmp_path / "in").mkdir()
    if name == "csv":
        site.csv("in/1.csv", PEOPLE)
    else:
        classes = "".join(f"objectClass: {one}\n" for one in DIRECTORY["person"]["object_class"])
        (tmp_path / "in" / "1.ldif").write_text(f"dn: uid=a,dc=x\n{classes}uid: a\ncn: A\nsn: A\nentryUUID: 1\n")
    found = keeps_all(site)
    assert "no rule writes to it" in str(found["looked up by its id, an object is as it was imported"])


ENTRY = """type = "person"
secondary_id = "uid=conformance,ou=people,{suffix}"
new_secondary_id = "uid=conformance2,ou=people,{suffix}"
attributes = {{ uid = "conformance", cn = "Con Formance", sn = "Formance", description = ["one", "two"] }}
change = {{ description = ["three"], title = "Tester" }}
"""
DIRECTORY = {
    "person": {
        "external_id": "entryUUID",
        "secondary_external_id": "dn",
        "object_class": ["top", "person", "organizationalPerson", "inetOrgPerson"],
    }
}
FLOW = ["uid", "cn", "sn", "description", "title"]


def test_ldif(tmp_path: Path) -> None:
    people = "".join(
        f"dn: uid=p{n},ou=people,dc=example,dc=org\nobjectClass: top\nobjectClass: person\n"
        f"objectClass: organizationalPerson\nobjectClass: inetOrgPerson\nuid: p{n}\ncn: P {n}\nsn: P\n"
        f"entryUUID: 00000000-0000-4000-8000-{n:012}\n\n"
        for n in range(1, 31)
    )
    base = "dn: dc=example,dc=org\nobjectClass: domain\ndc: example\n\ndn: ou=people,dc=example,dc=org\nou: people\n\n"
    site = make(tmp_path, {"connector": "ldif", "path": "it.ldif", "objects": DIRECTORY}, "person", FLOW)
    (tmp_path / "it.ldif").write_text(f"version: 1\n\n{base}{people}")
    found = keeps_all(site, *sample(site, ENTRY.format(suffix="dc=example,dc=org")))
    assert found["an object is renamed, and stays the same object"]["kept"]


def test_ldap(tmp_path: Path, slapd: Slapd) -> None:
    slapd.add(
        f"dn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n\n"
        + "".join(
            f"dn: uid=p{n},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: p{n}\ncn: P {n}\nsn: P\n\n"
            for n in range(1, 31)
        )
    )
    system = {
        "connector": "ldap",
        "url": slapd.url,
        "base": SUFFIX,
        "bind_dn": ADMIN,
        "password": {"env": "DIRECTORY_PASSWORD"},
        "objects": DIRECTORY,
    }
    site = make(tmp_path / "site", system, "person", FLOW, DIRECTORY_PASSWORD=PASSWORD)
    found = keeps_all(site, *sample(site, ENTRY.format(suffix=SUFFIX)))
    assert found["an object is renamed, and stays the same object"]["kept"]
    assert found["so it is by its secondary id"]["kept"]
    assert set(slapd.people()) == {f"uid=p{n},ou=people,{SUFFIX}" for n in range(1, 31)}


def test_a_program_in_sh(tmp_path: Path) -> None:
    (tmp_path / "accounts").write_text(
        "".join(f'user{n}:x:{n}:100:User "{n}" \\ O\'Neill:/home/user{n}:/bin/sh\n' for n in range(1, 31))
    )
    system = {
        "connector": "program",
        "command": [str(EXAMPLES / "passwd.sh")],
        "environment": {"PASSWD_FILE": str(tmp_path / "accounts")},
        "objects": {"account": {"external_id": "login", "attributes": {"uid": "integer"}}},
    }
    site = make(tmp_path, system, "account", ["login", "uid", "full_name", "home"])
    keeps_all(site)
    assert "30 adds" in site("step", "import", "it")
    shown = site.json("show", site.json("objects", "--search", "user7")[0]["id"])
    assert shown["attributes"]["full_name"] == ['User "7" \\ O\'Neill']
    assert shown["attributes"]["uid"] == [7]


def test_a_program_in_python_that_writes(tmp_path: Path) -> None:
    system = {
        "connector": "program",
        "command": [sys.executable, str(EXAMPLES / "json_file.py")],
        "settings": {"path": "things.json"},
        "objects": {"person": {"external_id": "id", "attributes": {"level": "integer", "tags": "text[]"}}},
    }
    site = make(tmp_path, system, "person", ["id", "name", "level", "tags"])
    things = {"person": {one["id"]: {"id": [one["id"]], "name": [one["name"]], "level": [3]} for one in PEOPLE}}
    (tmp_path / "things.json").write_text(json.dumps(things))
    told = (
        'type = "person"\nattributes = { id = "99", name = "Ada", level = 3, tags = ["a", "b"] }\n'
        'change = { name = "Bea", tags = ["c"] }\n'
    )
    found = keeps_all(site, *sample(site, told))
    assert found["what is gone is not deleted"]["saw"] == "missing-object"
    assert json.loads((tmp_path / "things.json").read_text()) == things


class Api:
    """A small REST API: pages of ten, a token, and a wish to be asked later now and then."""

    def __init__(self) -> None:
        api = self
        self.busy = 0
        self.broken_page = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.answer(self)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path, _, query = request.path.partition("?page=")
        page = int(query or 1)
        if request.headers["Authorization"] != "Bearer sesame":
            self.send(request, 401, {})
        elif self.busy:
            self.busy -= 1
            self.send(request, 429, {}, {"Retry-After": "0"})
        elif page == self.broken_page:
            self.send(request, 500, {})
        elif path != "/people":
            found = next((one for one in PEOPLE if path == f"/people/{one['id']}"), None)
            self.send(request, 200 if found else 404, found or {})
        else:
            following = f"/people?page={page + 1}" if page < 4 else None
            self.send(request, 200, {"items": PEOPLE[page * 10 - 10 : page * 10], "next": following})

    def send(
        self, request: BaseHTTPRequestHandler, status: int, document: object, more: dict[str, str] | None = None
    ) -> None:
        body = json.dumps(document).encode()
        request.send_response(status)
        for name, value in {**(more or {}), "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.server.shutdown()
    made.server.server_close()


def over_http(folder: Path, api: Api, token: str = "sesame") -> Inside:
    system = {
        "connector": "program",
        "command": [sys.executable, str(EXAMPLES / "rest.py")],
        "settings": {"url": api.url},
        "environment": {"API_TOKEN": {"env": "TOKEN"}},
        "objects": {"person": {"external_id": "id", "attributes": {"level": "integer"}}},
        "deletions": {"max_percent": 100},
    }
    return make(folder, system, "person", ["id", "name", "level"], TOKEN=token)


def test_a_program_that_reads_an_api(tmp_path: Path, api: Api) -> None:
    api.busy = 2
    site = over_http(tmp_path, api)
    keeps_all(site)
    assert "40 adds" in site("step", "import", "it")


def test_a_page_of_an_api_that_cannot_be_read_deletes_nobody(tmp_path: Path, api: Api) -> None:
    site = over_http(tmp_path, api)
    site("step", "import", "it")
    api.broken_page = 3
    assert "HTTP Error 500" in site("step", "import", "it", status=1)
    site("step", "detect", "it", status=None)
    assert {one["status"] for one in site.json("objects")} == {"Normal"}
    api.broken_page = 1
    assert "500" in site("step", "import", "it", status=4), "where nothing was read, nothing has begun"


def test_a_wrong_token_is_told_as_such(tmp_path: Path, api: Api) -> None:
    site = over_http(tmp_path, api, "open")
    told = site("step", "import", "it", status=4)
    assert "no-start-credentials" in told
    assert "401" in told


BAD = """
import json, sys
mode = sys.argv[1]
def say(message, **more): print(json.dumps({"message": message, **more}), flush=True)
def person(n, **more): say("object", type="person", id=str(n), attributes={"name": f"P {n}", "level": 3} | more)
reads = 0
there = {}
for line in sys.stdin:
    request = json.loads(line)
    what = request["request"]
    if what == "hello":
        say("hello", protocol=1, writes=True)
        continue
    if what == "import":
        reads += 1
        count = 12 + (reads if mode == "changes" else 0)
        for n in range(count):
            person(n % 10 if mode == "twice" else n)
        for one in there.values(): say("object", type="person", id=one["id"][0], attributes=one)
        say("end", complete=mode != "reasonless")
        continue
    if what == "read" and request["id"]:
        if request["id"] in there: say("object", type="person", id=request["id"], attributes=there[request["id"]])
        elif mode == "anybody": person(request["id"])
        elif request["id"].isdigit() and int(request["id"]) < 12:
            if mode == "other": person(int(request["id"]) + 1)
            elif mode == "forgets": person(request["id"], level=4)
            elif mode != "blind": person(request["id"])
    if what == "export":
        for one in request["operations"]:
            key, problem = one["id"] or one["attributes"]["id"][0], None
            if one["change"] == "create":
                if key in there and mode != "overwrites": problem = "existing-object"
                elif mode != "lies": there[key] = one["attributes"]
            elif key not in there: problem = None if mode == "careless" else "missing-object"
            elif one["change"] == "delete" and mode != "keeps": del there[key]
            elif one["change"] == "update" and mode != "lies":
                for change in one["changes"]: there[key][change["name"]] = change["add"]
            if mode == "silent" and one is request["operations"][-1] and len(request["operations"]) > 1: continue
            say("result", n=one["n"], problem={"code": problem, "text": "no"} if problem else None)
    say("end")
"""


@pytest.mark.parametrize(
    ("mode", "promise"),
    [
        ("twice", "no id comes twice"),
        ("changes", "read again, it gives the same"),
        ("anybody", "nobody is found by an id that nobody has"),
        ("other", "looked up by its id, an object is as it was imported"),
        ("forgets", "looked up by its id, an object is as it was imported"),
        ("blind", "looked up by its id, an object is as it was imported"),
        ("lies", "what was created is there as it was sent"),
        ("overwrites", "what is there is not created again"),
        ("careless", "what is gone is not deleted"),
        ("keeps", "what was deleted is gone"),
        ("silent", "every operation has its result"),
        ("good", ""),
    ],
)
def test_a_connector_that_breaks_a_promise_is_found_out(tmp_path: Path, mode: str, promise: str) -> None:
    (tmp_path / "bad.py").write_text(BAD)
    system = {
        "connector": "program",
        "command": [sys.executable, "bad.py", mode],
        "objects": {"person": {"external_id": "id", "attributes": {"level": "integer"}}},
    }
    site = make(tmp_path, system, "person", ["id", "name", "level"])
    told = 'type = "person"\nattributes = { id = "x", name = "Ada", level = 3 }\nchange = { name = "Bea" }\n'
    found = findings(site, *sample(site, told))
    broken = [name for name, one in found.items() if one["kept"] is False]
    assert promise in broken if promise else not broken
    shown = site("connector", "test", "it", status=None)
    assert ("FAIL" in shown) == (mode in ("twice", "changes", "anybody", "other", "forgets", "blind"))


def test_who_may_not_write_tries_no_writing(tmp_path: Path) -> None:
    objects = {"person": {"external_id": "id"}}
    system = {"connector": "csv", "path": "it.csv", "objects": objects}
    site = make(tmp_path, system, "person", ["id", "name"])
    site.csv("it.csv", PEOPLE)
    before = (tmp_path / "it.csv").read_bytes()
    told = sample(site, 'type = "person"\nattributes = { id = "99", name = "Ada" }\nchange = { name = "Bea" }\n')
    text = (tmp_path / "interlock.toml").read_text()
    site.configure(f'{text}\n[roles]\nadministrator = ["somebody"]\noperator = ["tester"]\n')
    assert "administrator" in site("connector", "test", "it", *told, status=2)
    site("connector", "test", "it")
    assert (tmp_path / "it.csv").read_bytes() == before


def test_what_is_read_only_is_not_written_to_even_to_try(tmp_path: Path) -> None:
    objects = {"person": {"external_id": "id"}}
    system = {"connector": "csv", "path": "it.csv", "objects": objects, "read_only": True}
    site = make(tmp_path, system, "person", ["id", "name"])
    site.csv("it.csv", PEOPLE)
    told = sample(site, 'type = "person"\nattributes = { id = "99" }\nchange = {}\n')
    assert "'it' is read_only" in site("connector", "test", "it", *told, status=2)


def test_a_window_holds_for_trials_as_well(tmp_path: Path) -> None:
    objects = {"person": {"external_id": "id"}}
    system = {"connector": "csv", "path": "it.csv", "objects": objects, "window": window(2, 3)}
    site = make(tmp_path, system, "person", ["id", "name"])
    site.csv("it.csv", PEOPLE)
    told = sample(site, 'type = "person"\nattributes = { id = "99" }\nchange = {}\n')
    assert "within its window alone" in site("connector", "test", "it", *told, status=2)


def test_what_cannot_be_asked_is_refused(tmp_path: Path) -> None:
    objects = {"person": {"external_id": "id", "attributes": {"level": "integer"}}}
    site = make(tmp_path, {"connector": "csv", "path": "it.csv", "objects": objects}, "person", ["id", "level"])
    site.csv("it.csv", PEOPLE)
    assert "'nobody' is no system" in site("connector", "test", "nobody", status=2)
    assert "cannot be read" in site("connector", "test", "it", "--write", str(tmp_path / "none.toml"), status=2)
    wrong = sample(site, 'type = "person"\nattributes = { level = "high" }\nchange = {}\n')
    assert "'level': 'high' is not an integer" in site("connector", "test", "it", *wrong, status=2)
    other = sample(site, 'type = "dog"\nattributes = {}\nchange = {}\n')
    assert "'dog' is none of 'it'" in site("connector", "test", "it", *other, status=2)
    taken = sample(site, 'type = "person"\nattributes = { id = "1" }\nchange = {}\n')
    assert "nothing was written" in site("connector", "test", "it", *taken, status=1)
