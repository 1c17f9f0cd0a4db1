"""Bulk requests of a SCIM service: many objects with one request, a result for each, and nothing twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.connectors.scim.bulk import _by_change, _Prepared
from engine.connectors.scim.writing import Change, Writing
from tests.inside import Inside
from tests.integration.test_scim import _settled, _site
from tests.scim import JSON, MOST_OPERATIONS, BulkEndpoint, ScimServer

PEOPLE = [
    {"id": f"{n}", "login": f"user{n}", "first": "F", "last": f"L{n}", "mail": f"u{n}@example.org", "team": "A"}
    for n in range(50)
]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScimServer]:
    with ScimServer(tmp_path / "service", bulk=True) as service:
        yield service


def _bulk(service: ScimServer) -> BulkEndpoint:
    assert service.bulk is not None
    return service.bulk


def _begun(tmp_path: Path, service: ScimServer, **keys: Any) -> Inside:
    site = _site(tmp_path, service, exports={"retry_delay": "0s"}, **keys)
    site.csv("hr.csv", PEOPLE)
    return site


def _sent(service: ScimServer) -> list[int]:
    return [len(one["Operations"]) for one in _bulk(service).requests]


def _writes(service: ScimServer) -> list[tuple[str, str]]:
    return [one for one in service.requests if one[0] != "GET"]


@pytest.mark.parametrize("tells_places", [True, False])
def test_people_come_change_and_go_by_few_requests(tmp_path: Path, service: ScimServer, tells_places: bool) -> None:
    _bulk(service).tells_places = tells_places
    site = _begun(tmp_path, service)
    assert "bulk" in site("check")
    site("run")
    users = service.users()
    assert len(users) == 50
    assert users["user7"]["emails"] == [{"type": "work", "value": "u7@example.org"}]
    assert sorted(_sent(service)) == [10, MOST_OPERATIONS, MOST_OPERATIONS], "no more than it takes at once"
    assert {path for _, path in _writes(service)} == {"/v2/Bulk"}
    assert {one["external_id"] for one in site.json("objects", "--system", "app")} == {
        one["id"] for one in users.values()
    }
    _settled(site, service)

    _bulk(service).requests.clear()
    site.csv("hr.csv", [{**one, "last": "King"} if int(one["id"]) < 15 else one for one in PEOPLE])
    site("run")
    assert sum(one["name"]["familyName"] == "King" for one in service.users().values()) == 15
    assert _sent(service) == [15]
    assert all("version" in one for one in _bulk(service).requests[0]["Operations"])
    _settled(site, service)

    _bulk(service).requests.clear()
    site.csv("hr.csv", [{**one, "last": "King"} if int(one["id"]) < 15 else one for one in PEOPLE[:47]])
    site("run")
    items = [item["id"] for item in site.json("review")]
    site("review", "approve", *items, "--reason", "they left", "--count", str(len(items)))
    site("run")
    assert len(service.users()) == 47
    assert {one["method"] for request in _bulk(service).requests for one in request["Operations"]} == {"DELETE"}
    site("run")
    _settled(site, service)


def test_of_one_object_and_where_nobody_wants_it_no_bulk_request_is_made(tmp_path: Path, service: ScimServer) -> None:
    site = _begun(tmp_path, service, bulk=False)
    site("run")
    assert len(service.users()) == 50
    assert _bulk(service).requests == []
    site.configure((site.folder / "interlock.toml").read_text().replace('"bulk" = false', '"bulk" = true'))
    site.csv("hr.csv", [{**PEOPLE[0], "last": "King"}, *PEOPLE[1:]])
    site("run")
    assert _bulk(service).requests == []


def test_each_object_has_its_own_result(tmp_path: Path, service: ScimServer) -> None:
    schema = "urn:ietf:params:scim:schemas:core:2.0:User"
    site = _begun(tmp_path, service)
    site("step", "import", "hr")
    site("step", "import", "app")
    for step in ("sync", "evaluate"):
        site("step", step)
    service.ask("POST", "/Users", {"schemas": [schema], "userName": "user3", "title": "somebody else"})
    site("step", "export", "app", status=1)
    assert len(service.users()) == 50
    (failed,) = [one for one in site.json("exports") if one["error_code"]]
    assert failed["error_code"] == "existing-object"
    assert service.users()["user3"]["title"] == "somebody else"


def test_one_over_which_the_service_breaks_down_does_not_stop_the_others(tmp_path: Path, service: ScimServer) -> None:
    site = _begun(tmp_path, service)
    site("run")
    site.csv("hr.csv", [*({**one, "last": "King"} for one in PEOPLE[:4]), *PEOPLE[4:]])
    first = {"status": "500", "response": {"detail": "boom"}}

    def break_down(answer: JSON) -> tuple[int, JSON]:
        one, *others = answer["Operations"]
        return 200, {**answer, "Operations": [{**one, **first}, *others]}

    _bulk(service).change = break_down
    said = site("run", status=None)
    assert [word in said for word in ("server-error", "boom", "confirm app")] == [True] * 3, said
    assert "stopped-connectivity" not in said
    _bulk(service).change = lambda answer: (200, answer)
    site("run", status=None)
    _settled(site, service)


def _lost(answer: JSON) -> tuple[int, JSON]:
    return 502, {"detail": "the gateway lost it"}


def _half(answer: JSON) -> tuple[int, JSON]:
    return 200, {**answer, "Operations": answer["Operations"][: len(answer["Operations"]) // 2]}


def _vague(answer: JSON) -> tuple[int, JSON]:
    return 200, {**answer, "Operations": [{**one, "status": "500"} for one in answer["Operations"]]}


def _nothing(answer: JSON) -> tuple[int, JSON]:
    return 200, {}


@pytest.mark.parametrize("lie", [_lost, _half, _vague, _nothing])
def test_what_is_not_known_is_looked_up_before_it_is_sent_again(tmp_path: Path, service: ScimServer, lie: Any) -> None:
    site = _begun(tmp_path, service)
    _bulk(service).change = lie
    site("run", status=None)
    assert len(service.users()) == 50, "all of it took place"
    _bulk(service).change = lambda answer: (200, answer)
    service.requests.clear()
    site("run", status=None)
    site("run")
    assert _writes(service) == [], "nothing was sent again"
    assert len(service.users()) == 50
    assert site.statuses("app") == {"Normal": 50}


def test_what_did_not_take_place_is_sent_again_once(tmp_path: Path, service: ScimServer) -> None:
    site = _begun(tmp_path, service)
    _bulk(service).before = lambda _: (504, {"detail": "too slow"})
    site("run", status=None)
    assert service.users() == {}
    _bulk(service).before = lambda _: None
    site("run", status=None)
    site("run")
    assert len(service.users()) == 50
    _settled(site, service)


def test_a_request_that_is_too_large_after_all_is_parted(tmp_path: Path, service: ScimServer) -> None:
    site = _begun(tmp_path, service)
    _bulk(service).limit = 3_000
    site("run")
    assert len(service.users()) == 50
    assert max(_sent(service)) == MOST_OPERATIONS
    assert min(_sent(service)) < 10


def test_a_service_that_refuses_bulk_requests_gets_them_one_by_one(tmp_path: Path, service: ScimServer) -> None:
    site = _begun(tmp_path, service)
    _bulk(service).before = lambda _: (501, {"detail": "not here"})
    site("run")
    assert len(service.users()) == 50
    assert len([one for one in _writes(service) if one[1] == "/v2/Users"]) == 50
    _settled(site, service)


def test_it_keeps_what_connectors_promise(tmp_path: Path, service: ScimServer) -> None:
    site = _begun(tmp_path, service)
    site("run")
    sample = (
        'type = "user"\nsecondary_id = "conformance"\nnew_secondary_id = "conformance2"\n'
        'attributes = { "name.givenName" = "Con", "name.familyName" = "Formance", active = true }\n'
        'change = { "name.givenName" = "Conny" }\n'
    )
    (site.folder / "sample.toml").write_text(sample)
    code, out, err = site.main("connector", "test", "app", "--write", str(site.folder / "sample.toml"), "--json")
    assert code == 0, out + err
    assert len(service.users()) == 50


@pytest.mark.parametrize("before", ["https://app.example.org/scim/v2", "/scim/v2", ""])
def test_a_user_and_a_group_of_the_same_id_have_each_its_own_result(before: str) -> None:
    writing = Writing.__new__(Writing)
    paths = ["/Users/7", "/Groups/7", "/Users/a%20b"]
    part = [_Prepared(number, writing, Change("PATCH", path)) for number, path in enumerate(paths)]
    results = [{"method": "PATCH", "location": f"{before}{path}", "status": "200"} for path in paths]
    assert _by_change(part, results) == {number: [result] for number, result in enumerate(results)}
    assert _by_change(part, results[1:2])[0] == [], "a group's result is no user's"
