"""A record that is to the byte what it was is not read again, and nothing can hide behind that.

Which records were read shows in what the store is made to hold of them: an import that reads one puts it right.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.accounts_file import CONFIG, TOP, with_accounts, write_people
from tests.directory import UNITS, accounts, person
from tests.dying import killed
from tests.inside import Inside
from tests.slapd import BASE, PASSWORD, SUFFIX, Slapd

LIMITS = """
[systems.hr.deletions]
max_count = 100
max_percent = 100
"""
PEOPLE = [{"id": str(one), "name": f"Name {one}"} for one in range(1, 9)]
WRONG = "Somebody else"


@pytest.fixture
def site(tmp_path: Path) -> Inside:
    site = with_accounts(tmp_path / "ws", PEOPLE, LIMITS)
    site("run")
    return site


def spoil(site: Inside, system: str = "hr") -> None:
    """Let the store hold something else of all objects of a system."""
    site.edit(f"UPDATE objects SET hash = 1, name = '{WRONG}' WHERE system = '{system}'")


def read_again(site: Inside, system: str = "hr", status: int | None = 0, phase: str = "import") -> set[str]:
    """Import a system, and give the ids (or names) of whoever was read."""
    spoil(site, system)
    site("step", phase, system, status=status)
    shown = "external_id" if system == "hr" else "coalesce(secondary_id, external_id)"
    found = site.query(f"SELECT {shown} FROM objects WHERE system = '{system}' AND name != '{WRONG}'")
    return {one.partition(",")[0].removeprefix("uid=") for (one,) in found}


def changed(number: str) -> list[dict[str, str]]:
    return [one | ({"name": "Changed"} if one["id"] == number else {}) for one in PEOPLE]


EVERYBODY = {one["id"] for one in PEOPLE}
LAST = {"8"}
"""A last row may be cut: it is always read."""


def test_only_what_changed_is_read(site: Inside) -> None:
    write_people(site, changed("3"))
    assert read_again(site) == {"3"} | LAST
    step = site.steps()["import hr"]
    assert (step["done"], step["statistics"]) == (8, {"unchanged": 6, "updates": 2})


def test_the_order_makes_no_difference(site: Inside) -> None:
    write_people(site, [PEOPLE[7], *PEOPLE[:7]])
    assert read_again(site) == {"7", "8"}  # the last one now, and the one of which nothing was kept


def test_who_is_missing_is_missing(site: Inside) -> None:
    write_people(site, [*PEOPLE[:3], *PEOPLE[4:]])
    assert read_again(site) == LAST
    site("step", "detect", "hr")
    assert [one["label"] for one in site.json("review")] == ["Name 4 (4)"]


def test_who_comes_back_is_read(site: Inside) -> None:
    write_people(site, [*PEOPLE[:3], *PEOPLE[4:]])
    site("run", status=None)
    assert site.statuses("hr") == {"Normal": 7, "Obsolete": 1}
    write_people(site, PEOPLE)
    assert read_again(site) == {"4"} | LAST
    assert site.statuses("hr") == {"Normal": 8}


def test_a_row_that_stands_there_twice_is_told_as_ever(site: Inside) -> None:
    for rows in ([*PEOPLE, PEOPLE[2]], [*PEOPLE, {"id": "3", "name": "Another"}], [PEOPLE[2], *PEOPLE]):
        write_people(site, rows)
        assert "3" not in read_again(site, status=1)
        assert [one["code"] for one in site.errors()] == ["duplicate-external-id"] * 2
        write_people(site, PEOPLE)
        assert "3" in read_again(site)


@pytest.mark.parametrize("why", ["another configuration", "another column", "a week"])
def test_everything_is_read_again_where_it_may_mean_something_else(site: Inside, why: str) -> None:
    write_people(site, changed("3"))
    if why == "another configuration":
        site.configure(CONFIG + LIMITS.replace("max_count = 100", "max_count = 99"))
    elif why == "another column":
        site.csv("hr.csv", [{"more": "", "team": ""} | one for one in changed("3")])
    else:
        site.edit("UPDATE fingerprints SET since = '2020-01-01T00:00:00.000Z'")
    assert read_again(site) == EVERYBODY
    write_people(site, changed("4")) if why != "another column" else None
    assert read_again(site) != EVERYBODY


def test_after_an_import_that_was_killed_everything_is_read(site: Inside) -> None:
    write_people(site, changed("3"))
    at = 0
    while site.query("SELECT max(step_id) FROM imports") == site.query("SELECT max(step_id) FROM fingerprints"):
        at += 1
        assert killed(site, "step", "import", "hr", at=at, after=True)
    write_people(site, changed("4"))
    assert read_again(site) == EVERYBODY
    write_people(site, changed("5"))
    assert read_again(site) == {"4", "5"} | LAST


def test_what_an_unchanged_file_was_stays_known(site: Inside) -> None:
    site("step", "import", "hr")
    assert "not read again" in site.steps()["import hr"]["message"]
    write_people(site, changed("3"))
    assert read_again(site) == {"3"} | LAST


def test_what_was_known_before_changes_that_are_held_is_known_behind_them(tmp_path: Path) -> None:
    few = "\n[systems.hr.changes]\nmax_count = 2\nmax_percent = 10\n"
    site = with_accounts(tmp_path / "ws", PEOPLE, LIMITS + few)
    site("run")
    write_people(site, [one | {"name": f"New {one['name']}"} for one in PEOPLE[:6]] + PEOPLE[6:])
    site("step", "import", "hr", status=None)
    assert site.steps()["import hr"]["result"] == "stopped-change-threshold"
    write_people(site, changed("3"))
    assert read_again(site) == {"3"} | LAST


def test_a_line_break_is_looked_at_whenever_it_comes(site: Inside) -> None:
    write_people(site, [{"id": "1", "name": "Name\n1"}, *PEOPLE[1:]])
    site("step", "import", "hr")
    write_people(site, [{"id": "1", "name": "Name\n1"}, *PEOPLE[1:3], *PEOPLE[4:]])
    assert read_again(site) == {"1"} | LAST


def test_objects_that_say_who_they_were_are_always_read(tmp_path: Path) -> None:
    config = CONFIG.replace('external_id = "id"', 'external_id = "id"\nprevious_id = "team"', 1)
    site = Inside(tmp_path / "ws", config + LIMITS)
    write_people(site, PEOPLE)
    site("step", "import", "hr")
    write_people(site, changed("3"))
    assert read_again(site) == EVERYBODY


# ---------------------------------------------------------------------------------- a directory in a file


def target(site: Inside) -> Path:
    return site.folder / "out.ldif"


def test_of_a_directory_in_a_file_only_what_changed_is_read(site: Inside) -> None:
    target(site).write_text(target(site).read_text().replace("cn: Name 3", "cn: Nobody"))
    assert read_again(site, "out") == {"3"}


def test_an_entry_with_the_name_of_one_that_is_not_read_is_told(site: Inside) -> None:
    for other in ("dn: uid=3,dc=s\nobjectClass: device\ncn: x\n\n", "dn: UID=3, dc=s\nobjectClass: inetOrgPerson\n\n"):
        whole = target(site).read_text()
        target(site).write_text(whole + other)
        read_again(site, "out", status=1)
        assert "stands in the file more than once" in site.steps()["import out"]["message"]
        target(site).write_text(whole)
        read_again(site, "out")


def test_a_name_that_two_types_share_is_told(tmp_path: Path) -> None:
    groups = '\n[systems.out.objects.group]\nobject_class = ["groupOfNames"]\nexternal_id = "entryUUID"\n'
    config = CONFIG + LIMITS + groups + 'secondary_external_id = "dn"\n'
    site = Inside(tmp_path / "ws", config)
    write_people(site, PEOPLE)
    target(site).write_text(TOP)
    site("run")
    site("run")
    whole = target(site).read_text()
    group = "dn: uid=3,dc=s\nobjectClass: groupOfNames\ncn: x\nentryUUID: 00000000-0000-4000-8000-000000000099\n\n"
    target(site).write_text(whole + group)
    site("step", "import", "out", status=1)
    assert "stands in the file more than once" in site.steps()["import out"]["message"]


def test_what_is_left_out_of_an_entry_is_told_every_time(tmp_path: Path) -> None:
    site = with_accounts(tmp_path / "ws", PEOPLE, LIMITS)
    text = target(site).read_text().replace("cn: Name 3", "cn: Name 3\ncn;lang-de: Namens 3")
    for number in range(3):
        target(site).write_text(text.replace("cn: Name 5", f"cn: Name {number}"))
        site("step", "import", "out")
        assert "lang-de" in site.steps()["import out"]["message"]


def test_what_was_sent_is_confirmed_by_reading_it(site: Inside) -> None:
    write_people(site, changed("3"))
    for step in ("import hr", "sync", "evaluate", "export out"):
        site("step", *step.split())
    assert "3" in read_again(site, "out", phase="confirm")
    assert site.json("exports") == []


def test_what_was_sent_and_not_written_is_noticed(site: Inside) -> None:
    before = target(site).read_text()
    write_people(site, changed("3"))
    for step in ("import hr", "sync", "evaluate", "export out"):
        site("step", *step.split())
    target(site).write_text(before)  # as if somebody had brought the file back
    site("step", "confirm", "out", status=None)
    assert [one["status"] for one in site.json("exports")] == ["ExportNotConfirmed"]


# ---------------------------------------------------------------------------------- a directory server


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Inside, Slapd]]:
    server = Slapd(tmp_path / "slapd").start()
    server.add("\n".join([BASE, UNITS + "".join(person(name) for name in ("ada", "bob", "cleo"))]))
    site = Inside(
        tmp_path / "ws",
        accounts(server, dn="uid={{ id | rdn }},ou=people," + SUFFIX, flow={}),
        {"DIRECTORY_PASSWORD": PASSWORD},
    )
    site.csv("hr.csv", [{"id": "x"}])
    site("step", "import", "directory")
    yield site, server
    server.stop()


def test_of_a_directory_only_what_changed_is_read(served: tuple[Inside, Slapd]) -> None:
    site, server = served
    assert read_again(site, "directory") == set()
    server.modify(f"dn: uid=bob,ou=people,{SUFFIX}\nchangetype: modify\nreplace: cn\ncn: Robert\n")
    assert read_again(site, "directory") == {"bob"}
    server.modify(f"dn: uid=cleo,ou=people,{SUFFIX}\nchangetype: modrdn\nnewrdn: uid=cleopatra\ndeleteoldrdn: 1\n")
    assert read_again(site, "directory") == {"cleopatra"}
    server.modify(
        f"dn: uid=ada,ou=people,{SUFFIX}\nchangetype: modrdn\nnewrdn: uid=ada\ndeleteoldrdn: 1\n"
        f"newsuperior: ou=groups,{SUFFIX}\n"
    )
    assert read_again(site, "directory") == {"ada"}
    assert site.query("SELECT secondary_id FROM objects WHERE secondary_id LIKE 'uid=ada%'") == [
        (f"uid=ada,ou=groups,{SUFFIX}",)
    ]


def test_ours_and_ldap3_may_take_turns(served: tuple[Inside, Slapd]) -> None:
    site, _ = served
    text = (site.folder / "interlock.toml").read_text()
    site.configure(text.replace('connector = "ldap"', 'connector = "ldap"\nclient = "ldap3"'))
    assert read_again(site, "directory") == {"ada", "bob", "cleo"}
    assert read_again(site, "directory") == {"ada", "bob", "cleo"}  # which gives no bytes to know an entry by
    site.configure(text)
    assert read_again(site, "directory") == {"ada", "bob", "cleo"}
    assert read_again(site, "directory") == set()
