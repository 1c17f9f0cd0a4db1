"""SCIM services that lie, break down, or want to be asked later: nobody is lost, nobody is made twice."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.configuration.models import ObjectTypeConfig, SystemConfig
from engine.connectors.files import Refused
from engine.connectors.scim.connector import ScimConnector
from engine.connectors.scim.options import ScimObjectOptions, ScimOptions
from engine.errors import ConnectionLost
from tests.inside import Inside, document
from tests.scim import JSON, TOKEN, ScimServer, Scripted

Reply = tuple[int, Any, dict[str, str]]
PEOPLE = 25


class Service:
    """A small service that works, but for what a test lets happen before or after it."""

    def __init__(self, size: int = PEOPLE) -> None:
        self.users: dict[str, JSON] = {f"u{n}": {"id": f"u{n}", "userName": f"user{n}"} for n in range(1, size + 1)}
        self.before: Callable[[str, str, dict[str, str]], Reply | None] = lambda *_: None
        self.after: Callable[[str, str, dict[str, str], Reply], Reply] = lambda *found: found[3]
        self.config: JSON = {"patch": {"supported": True}, "filter": {"supported": True}}

    def answer(self, method: str, path: str, query: dict[str, str], body: JSON) -> Reply:
        found = self.before(method, path, query)
        if found is None:
            found = self.after(method, path, query, self._answer(method, path, query, body))
        return found

    def _answer(self, method: str, path: str, query: dict[str, str], body: JSON) -> Reply:
        if path == "/ServiceProviderConfig":
            return 200, self.config, {}
        if not path.startswith("/Users"):
            return 404, {"detail": "no such place"}, {}
        one = path.removeprefix("/Users").strip("/")
        if method == "POST":
            made = {"id": f"u{len(self.users) + 1}", **{k: v for k, v in body.items() if k != "schemas"}}
            self.users[made["id"]] = made
            return 201, made, {}
        if one:
            if one not in self.users:
                return 404, {"detail": "no such user"}, {}
            if method == "DELETE":
                del self.users[one]
                return 204, b"", {}
            if method == "PATCH":
                for operation in body["Operations"]:
                    self.users[one][operation["path"]] = operation.get("value")
            return 200, self.users[one], {}
        return 200, self._listed(query), {}

    def _listed(self, query: dict[str, str]) -> JSON:
        rows = list(self.users.values())
        if "filter" in query:
            name, _, value = query["filter"].split(" ", 2)
            rows = [row for row in rows if row.get(name) == json.loads(value)]
        start, size = int(query.get("startIndex", 1)), int(query.get("count", 100))
        part = rows[start - 1 : start - 1 + size]
        return {"totalResults": len(rows), "startIndex": start, "itemsPerPage": len(part), "Resources": part}


def _site(folder: Path, service: Scripted, **keys: Any) -> Inside:
    app = {
        "connector": "scim",
        "url": service.url,
        "deletions": {"max_percent": 100},
        "exports": {"retry_delay": "0s"},
        "objects": {"user": {"external_id": "id", "secondary_external_id": "userName"}},
        **keys,
    }
    hr = {"connector": "csv", "path": "hr.csv", "objects": {"person": {"external_id": "id"}}}
    rules = [
        {
            "name": "in",
            "from": "hr.person",
            "to": "metaverse.person",
            "project": True,
            "join": [["id"]],
            "flow": {"id": "id", "login": "login", "title": "title"},
        },
        {
            "name": "out",
            "from": "metaverse.person",
            "to": "app.user",
            "provision": True,
            "join": [[{"source": "login", "target": "userName"}]],
            "dn": "{{ login }}",
            "flow": {"title": "title"},
        },
    ]
    tables = {"systems": {"hr": hr, "app": app}, "metaverse": {"person": {}}, "run": {"page_size": 10}}
    site = Inside(folder / "ws", document(tables, rules=rules), {"APP_TOKEN": "t"})
    site.csv("hr.csv", [{"id": "1", "login": "nora", "title": "Clerk"}])
    return site


def _told(site: Inside) -> str:
    return str(site.json("show", site.json("runs")[0]["id"]))


def _nobody_is_lost(site: Inside, service: Service, lie: Callable[[str, str, dict[str, str], Reply], Reply]) -> str:
    """Read everybody, then let the service lie: nobody may be missing by it. Gives what the import says."""
    site("step", "import", "app")
    service.after = lie
    site("step", "import", "app", status=None)
    told = _told(site)
    site("step", "detect", "app", status=None)
    assert site.json("review") == []
    assert len(site.json("objects", "--system", "app")) == PEOPLE
    return told


def _of_lists(change: Callable[[JSON, dict[str, str]], Any]) -> Callable[[str, str, dict[str, str], Reply], Reply]:
    def lie(_method: str, path: str, query: dict[str, str], found: Reply) -> Reply:
        return (found[0], change(found[1], query), found[2]) if path == "/Users" else found

    return lie


LIES: dict[str, Callable[[JSON, dict[str, str]], Any]] = {
    "a page in the middle is empty": lambda it, query: {**it, "Resources": []} if query["startIndex"] == "11" else it,
    "more are told of than given": lambda it, _query: {**it, "totalResults": it["totalResults"] + 3},
    "fewer are told of than there were": lambda it, query: (
        {**it, "totalResults": 20} if query["startIndex"] != "1" else it
    ),
    "every page is the first": lambda it, _query: {**it, "Resources": [{"id": f"u{n}"} for n in range(1, 11)]},
    "no total": lambda it, _query: {name: value for name, value in it.items() if name != "totalResults"},
    "a page of something else": lambda _it, query: b"<html>Sorry</html>" if query["startIndex"] != "1" else _it,
    "a list": lambda _it, _query: [],
    "resources without ids": lambda it, _query: {**it, "Resources": [{"userName": "x"}] * len(it["Resources"])},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_service_that_lies_about_its_pages_lets_nobody_be_missing(tmp_path: Path, lie: str) -> None:
    service = Service()
    with Scripted(service.answer) as server:
        assert "success" not in _nobody_is_lost(_site(tmp_path, server), service, _of_lists(LIES[lie]))


def test_pages_that_shift_once_are_read_again(tmp_path: Path) -> None:
    service = Service()
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        shifts = iter([True])

        def lie(_method: str, path: str, query: dict[str, str], found: Reply) -> Reply:
            if path == "/Users" and query.get("startIndex") == "11" and next(shifts, False):
                service.users["u99"] = {"id": "u99", "userName": "new"}
                return 200, service._listed(query), {}
            return found

        service.after = lie
        site("step", "import", "app")
        assert len(site.json("objects", "--system", "app")) == PEOPLE + 1


def test_who_moved_from_a_page_to_one_that_was_read_is_looked_for_by_id(tmp_path: Path) -> None:
    service = Service()
    with Scripted(service.answer) as server:
        hide = _of_lists(
            lambda it, _: {
                **it,
                "totalResults": 24,
                "Resources": [one for one in it["Resources"] if one["id"] != "u25"],
            }
        )
        told = _nobody_is_lost(_site(tmp_path, server), service, hide)
        assert "u25" in told


def test_half_a_character_is_its_users_error(tmp_path: Path) -> None:
    service = Service()
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        site("step", "import", "app")
        service.after = _of_lists(
            lambda it, _: {
                **it,
                "Resources": [one | {"title": "\ud800"} if one["id"] == "u5" else one for one in it["Resources"]],
            }
        )
        told = site("step", "import", "app", status=1)
        assert "u5" in told
        assert "holds half of a character" in told
        site("step", "detect", "app", status=None)
        assert {one["status"] for one in site.json("objects", "--system", "app")} == {"Normal"}
        assert len(site.json("objects", "--system", "app")) == PEOPLE


def test_a_huge_answer_is_not_taken_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.connectors.scim.service.LARGEST_ANSWER", 100_000)
    service = Service()
    with Scripted(service.answer) as server:
        huge = _of_lists(lambda it, _: {**it, "note": "x" * 200_000})
        assert "an answer of more than" in _nobody_is_lost(_site(tmp_path, server), service, huge)


def test_a_token_goes_nowhere_but_to_the_service(tmp_path: Path) -> None:
    with Scripted(lambda *_: (200, {}, {})) as elsewhere:
        service = Service()
        service.before = lambda *_: (302, {}, {"Location": f"{elsewhere.url}/ServiceProviderConfig"})
        with Scripted(service.answer) as server:
            site = _site(tmp_path, server, token={"env": "APP_TOKEN"})
            site("step", "import", "app", status=4)
            assert "leads elsewhere" in _told(site)
        assert elsewhere.requests == []


def test_http_to_another_machine_is_refused(tmp_path: Path) -> None:
    service = Service()
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        path = site.folder / "interlock.toml"
        path.write_text(path.read_text().replace(server.url, "http://app.example.org/scim"))
        assert "anybody on the way can read the token" in site("check", status=2)


@pytest.mark.parametrize("status", [429, 503])
def test_who_wants_to_be_asked_later_is(tmp_path: Path, status: int) -> None:
    service = Service(size=3)
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        times = iter([True, False, True, True])
        service.before = lambda *_: (status, {}, {"Retry-After": "0"}) if next(times, False) else None
        site("run")
        assert service.users["u4"]["userName"] == "nora"


def test_who_wants_it_for_ever_ends_the_step(tmp_path: Path) -> None:
    service = Service()
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server, patience="1s")
        service.before = lambda *_: (503, {}, {"Retry-After": "1"})
        site("step", "import", "app", status=4)
        assert "asks to be asked later" in _told(site)


def test_a_service_that_breaks_down_over_a_question_is_asked_again(tmp_path: Path) -> None:
    service = Service(size=3)
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        failures = iter([True, False, True])
        service.before = lambda method, *_: (
            (502, b"bad gateway", {}) if method == "GET" and next(failures, False) else None
        )
        site("step", "import", "app")
        assert len(site.json("objects", "--system", "app")) == 3


@pytest.mark.parametrize("was_made", [True, False])
def test_a_create_whose_answer_is_lost_is_looked_up_and_never_made_twice(tmp_path: Path, was_made: bool) -> None:
    service = Service(size=3)
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        lost = iter([True])

        def lose(method: str, _path: str, _query: dict[str, str], found: Reply) -> Reply:
            return (504, b"", {}) if method == "POST" and next(lost, False) else found

        if was_made:
            service.after = lose
        else:
            service.before = lambda method, *_: (504, b"", {}) if method == "POST" and next(lost, False) else None
        site("run", status=None)
        site("run", status=None)
        site("run")
        assert [one["userName"] for one in service.users.values()].count("nora") == 1
        assert site.json("exports") == []


def test_what_was_not_made_is_not_believed_made(tmp_path: Path) -> None:
    service = Service(size=3)
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        service.before = lambda method, *_: (200, {}, {}) if method == "POST" else None
        site("run", status=1)
        (export,) = site.json("exports")
        assert "made nothing" in export["error_message"]


def test_a_refusal_is_told_in_the_words_of_the_service(tmp_path: Path) -> None:
    service = Service(size=3)
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        body = {"scimType": "uniqueness", "detail": "somebody is called so"}
        service.before = lambda method, *_: (409, body, {}) if method == "POST" else None
        site("run", status=1)
        (export,) = site.json("exports")
        assert [export["error_code"], export["error_message"]] == [
            "existing-object",
            "uniqueness: somebody is called so",
        ]


def test_lists_are_read_on_by_a_cursor_where_the_service_has_them(tmp_path: Path) -> None:
    service = Service()
    service.config["pagination"] = {"cursor": True, "index": False}

    def by_cursor(_method: str, path: str, query: dict[str, str]) -> Reply | None:
        if path != "/Users" or "filter" in query:
            return None
        assert "startIndex" not in query
        start = int(query["cursor"] or 0)
        part = list(service.users.values())[start : start + 10]
        more = {"nextCursor": str(start + 10)} if start + 10 < len(service.users) else {}
        return 200, {"totalResults": len(service.users), "Resources": part, **more}, {}

    service.before = by_cursor
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        site("step", "import", "app")
        assert len(site.json("objects", "--system", "app")) == PEOPLE


@pytest.mark.parametrize("method", ["PATCH", "POST"])
@pytest.mark.parametrize("is_made", [False, True])
def test_a_service_that_breaks_down_over_one_object_does_not_stop_the_others(
    tmp_path: Path, method: str, *, is_made: bool
) -> None:
    service, titles = Service(0), {f"p{n}": "Clerk" for n in range(8)}

    def answer(asked: str, path: str, query: dict[str, str], body: JSON) -> Reply:
        user = service.users.get(path.removeprefix("/Users/"), body)
        if (asked, user.get("userName")) != (method, "p3"):
            return service.answer(asked, path, query, body)
        if is_made:  # and then it breaks down
            service.answer(asked, path, query, body)
        return 500, {"detail": "boom"}, {}

    def people() -> None:
        site.csv("hr.csv", [{"id": login, "login": login, "title": title} for login, title in titles.items()])

    with Scripted(answer) as server:
        site = _site(tmp_path, server, exports={"retry_delay": "0s", "max_retries": 3})
        people()
        if method == "PATCH":
            site("run")
            titles |= dict.fromkeys(["p1", "p2", "p3", "p4"], "Boss")
            people()
        said = site("run", status=None)
        done = {one["userName"] for one in service.users.values() if one.get("title") == titles[one["userName"]]}
        assert done == (titles.keys() if is_made else titles.keys() - {"p3"})
        for _ in range(5):
            site("run", status=None)
        never_made = method == "POST" and not is_made
        assert len(service.users) == len(titles) - never_made, "nobody was made twice"
        if is_made:
            assert not site.json("exports")
            return
        assert [word in said for word in ("server-error", "p3", "boom")] == [True] * 3, said
        (export,) = site.json("exports")
        assert export["status"] == "Failed", "it was tried often enough"


def test_a_service_that_takes_no_change_at_all_stops_the_step(tmp_path: Path) -> None:
    service = Service(0)

    def answer(asked: str, path: str, query: dict[str, str], body: JSON) -> Reply:
        return (500, {"detail": "boom"}, {}) if asked == "POST" else service.answer(asked, path, query, body)

    with Scripted(answer) as server:
        site = _site(tmp_path, server, exports={"retry_delay": "0s", "max_retries": 1})
        site.csv("hr.csv", [{"id": f"p{n}", "login": f"p{n}", "title": "Clerk"} for n in range(8)])
        for _ in range(3):
            assert "stopped-connectivity" in site("run", status=None)
    assert {one["error_code"] for one in site.json("exports")} == {None}, "nobody has used up their tries"


def test_a_service_that_does_not_answer_is_told_as_such(tmp_path: Path) -> None:
    service = Service()
    service.before = lambda method, *_: time.sleep(1.5) if method == "POST" else None
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server, timeout="1s")
        site("run", status=None)
        assert "no answer for 1 s" in _told(site)


def test_a_token_that_has_run_out_is_asked_for_again(tmp_path: Path) -> None:
    service, tokens = Service(), ["first", "second"]
    with Scripted(lambda *_: (200, {"access_token": tokens.pop(0), "token_type": "bearer"}, {})) as issuer:
        oauth = {"token_url": f"{issuer.url}/token", "client_id": "interlock", "client_secret": {"env": "APP_TOKEN"}}
        with Scripted(service.answer) as server:
            site = _site(tmp_path, server, oauth=oauth)
            refusals = iter([True])
            service.before = lambda _m, path, _q: (401, {}, {}) if path == "/Users" and next(refusals, False) else None
            site("step", "import", "app")
            assert len(site.json("objects", "--system", "app")) == PEOPLE
            assert {authorization for *_, authorization in server.requests} == {"Bearer first", "Bearer second"}
        assert tokens == []
        assert issuer.requests[0][2].startswith("Basic ")


def test_tokens_that_are_to_be_asked_for_later_are(tmp_path: Path) -> None:
    service = Service()
    answers: list[Reply] = [(429, {}, {"Retry-After": "nan"}), (503, {}, {"Retry-After": "0.1"})]
    token = {"access_token": "it", "token_type": "bearer"}
    with Scripted(lambda *_: answers.pop(0) if answers else (200, token, {})) as issuer:
        oauth = {"token_url": f"{issuer.url}/token", "client_id": "interlock", "client_secret": {"env": "APP_TOKEN"}}
        with Scripted(service.answer) as server:
            site = _site(tmp_path, server, oauth=oauth)
            site("step", "import", "app")
            assert len(site.json("objects", "--system", "app")) == PEOPLE
        answers += [(500, {}, {})]
        site("step", "import", "app", status=4)
        assert "/token: HTTP 500" in _told(site)


def test_a_refused_client_is_told(tmp_path: Path) -> None:
    answer = {"error": "invalid_client", "error_description": "who are you?"}
    with Scripted(lambda *_: (401, answer, {})) as issuer, Scripted(Service().answer) as server:
        oauth = {"token_url": f"{issuer.url}/token", "client_id": "interlock", "client_secret": {"env": "APP_TOKEN"}}
        site = _site(tmp_path, server, oauth=oauth)
        site("step", "import", "app", status=4)
        assert "who are you?" in _told(site)
        assert server.requests == []


# What a review found -------------------------------------------------------------------------------------------


def test_ids_that_differ_in_case_are_two_people(tmp_path: Path) -> None:
    service = Service(size=0)
    service.users = {
        "u1": {"id": "u1", "userName": "one", "externalId": "aB1"},
        "u2": {"id": "u2", "userName": "two", "externalId": "7"},
        "u3": {"id": "u3", "userName": "three", "externalId": "7"},
    }
    service.after = lambda _m, path, query, found: (200, _filtered(service, query), {}) if "filter" in query else found
    with Scripted(service.answer) as server:
        reader = _reader(tmp_path, server, external_id="externalId")
        assert reader("Ab1") is None
        assert reader("aB1") == "u1"
        with pytest.raises(Refused, match="2 resources have '7'"):
            reader("7")


def test_a_service_that_does_not_filter_is_not_believed(tmp_path: Path) -> None:
    service = Service(size=3)
    service.after = lambda _m, path, query, found: (200, service._listed({}), {}) if "filter" in query else found
    with Scripted(service.answer) as server, pytest.raises(ConnectionLost, match="does not filter"):
        _reader(tmp_path, server, external_id="userName")("user9")


def _filtered(service: Service, query: dict[str, str]) -> JSON:
    """Answer a filter as a service does that takes no letter's case for different."""
    name, _, value = query["filter"].split(" ", 2)
    rows = [one for one in service.users.values() if str(one.get(name)).lower() == json.loads(value).lower()]
    return {"totalResults": len(rows), "Resources": rows}


def _reader(folder: Path, server: Scripted, external_id: str) -> Callable[[str], str | None]:
    """Give what looks somebody up by an external id: the id of the resource."""
    options = ScimOptions(url=server.url)
    settings = ObjectTypeConfig(external_id=external_id, options=ScimObjectOptions())
    system = SystemConfig(connector="scim", objects={"user": settings}, options=options)

    async def look(value: str) -> str | None:
        async with ScimConnector("app", system, folder) as connector:
            found = await connector._reader("user").find(value, None)
            return None if found is None else str(found[0]["id"])

    return lambda value: asyncio.run(look(value))


def test_maintenance_is_no_empty_list(tmp_path: Path) -> None:
    service = Service()
    service.config["pagination"] = {"cursor": True}
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        service.before = lambda _m, path, _q: (200, {"message": "maintenance"}, {}) if path == "/Users" else None
        site("step", "import", "app", status=None)
        assert "is no list" in _told(site)


def test_one_that_is_not_shown_keeps_nobody_else_from_being_written(tmp_path: Path) -> None:
    service = Service(size=3)
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        site.csv("hr.csv", [{"id": str(one), "login": f"user{one}", "title": "Clerk"} for one in (1, 2, 3)])
        service.before = lambda _m, path, _q: (403, {"detail": "not for you"}, {}) if path == "/Users/u2" else None
        site("run", status=1)
        assert [service.users[one].get("title") for one in ("u1", "u2", "u3")] == ["Clerk", None, "Clerk"]
        (export,) = site.json("exports")
        assert [export["error_code"], export["error_message"]] == ["permission-denied", "not for you"]


def test_what_changed_while_it_was_read_is_read_by_the_next_delta(tmp_path: Path) -> None:
    service = Service()
    for one in service.users.values():
        one["meta"] = {"lastModified": "2026-01-01T00:00:00Z"}
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server, overlap="0s")

        def late(_method: str, path: str, query: dict[str, str], found: Reply) -> Reply:
            if path == "/Users" and query.get("startIndex") == "21":
                service.users["u25"]["meta"] = {"lastModified": "2999-01-01T00:00:00Z"}
            return found

        service.after = late
        site("step", "import", "app")
        asked: list[str] = []
        service.before = lambda _m, _path, query: asked.append(query["filter"]) if "filter" in query else None
        service.after = lambda _m, path, query, found: (
            (200, {"totalResults": 0, "Resources": []}, {}) if "filter" in query else found
        )
        site("step", "delta", "app")
        assert asked
        assert all("2999" not in one for one in asked)


@pytest.mark.parametrize(
    "watermark",
    ["not json", "[]", '{"user": "Fri, 27 Nov 2026"}', '{"user": "0001-01-01T00:00:00+00:00"}', '{"other": "x"}'],
)
def test_a_watermark_that_says_nothing_lets_everything_be_read(tmp_path: Path, watermark: str) -> None:
    service = Service()
    with Scripted(service.answer) as server:
        site = _site(tmp_path, server)
        site("step", "import", "app")
        site.edit(f"UPDATE imports SET watermark = '{watermark}'")
        site("step", "delta", "app")
        assert "everything was read" in _told(site)


@pytest.mark.parametrize("patch", [True, False])
def test_parts_of_one_element_are_one_element_and_what_stands_beside_them_stays(tmp_path: Path, patch: bool) -> None:
    with ScimServer(tmp_path / "service", patch=patch) as service:
        paths = {"street": 'addresses[type eq "work"].streetAddress', "town": 'addresses[type eq "work"].locality'}
        app = {
            "connector": "scim",
            "url": service.url,
            "token": {"env": "APP_TOKEN"},
            "ca_file": str(service.authority.file),
            "objects": {"user": {"external_id": "id", "secondary_external_id": "userName", "paths": paths}},
        }
        hr = {"connector": "csv", "path": "hr.csv", "objects": {"person": {"external_id": "id"}}}
        rules = [
            {"name": "in", "from": "hr.person", "to": "metaverse.person", "project": True, "join": [["id"]]}
            | {"flow": {"id": "id", "login": "login", "street": "street", "town": "town"}},
            {"name": "out", "from": "metaverse.person", "to": "app.user", "provision": True, "dn": "{{ login }}"}
            | {"join": [[{"source": "login", "target": "userName"}]], "flow": {"street": "street", "town": "town"}},
        ]
        tables = {"systems": {"hr": hr, "app": app}, "metaverse": {"person": {}}}
        site = Inside(tmp_path / "ws", document(tables, rules=rules), {"APP_TOKEN": TOKEN})
        for street, town in (("Main 1", "Bonn"), ("Main 2", "Bonn"), ("", "Bonn"), ("Main 3", "Kiel"), ("", "")):
            site.csv("hr.csv", [{"id": "1", "login": "ada", "street": street, "town": town}])
            site("run")
            ada = service.users()["ada"]
            wanted = {"streetAddress": street, "locality": town}
            wanted = {name: value for name, value in wanted.items() if value}
            found = [one for one in ada.get("addresses", []) if one.get("type") == "work"]
            assert found == (
                [{"type": "work", "country": "DE"} | wanted] if street != "Main 1" else [{"type": "work"} | wanted]
            )
            if street == "Main 1":
                found[0]["country"] = "DE"
                ada["addresses"] = found
                service.ask("PUT", f"/Users/{ada['id']}", ada)
                site("step", "confirm", "app")
