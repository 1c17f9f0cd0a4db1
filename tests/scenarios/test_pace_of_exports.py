"""Systems that take exports only at night, only slowly, only so many a run, or never."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.scenarios.conftest import Office
from tests.windows import window


def _around(hours: float) -> str:
    """Give a window of two hours in the middle of which it is in so many hours."""
    return window(hours - 1, hours + 1)


def test_exports_wait_outside_the_window_and_say_so(office: Office) -> None:
    office.systems["directory"]["window"] = _around(6)
    office.run()
    assert not office.people()
    told = office.steps()["export directory"]["message"]
    assert told.startswith("4 exports wait: it is ")
    assert "its window is" in told
    assert {one["status"] for one in office.json("exports")} == {"Pending"}
    configured = office.systems["directory"]["window"]
    (pace,) = office.json("status")["paces"]
    assert (pace["system"], pace["window"], pace["waiting"]) == ("directory", configured, 4)
    opens = datetime.fromisoformat(pace["opens"])
    assert f"{opens.astimezone(UTC):%H:%M:%S}" == f"{configured.partition('-')[0]}:00"
    assert timedelta(0) < opens - datetime.now(UTC) < timedelta(hours=5), "the next such moment"
    said = f"'directory' has window {configured}: 4 exports wait until {opens:%Y-%m-%d %H:%M}, when its window opens"
    assert said in office("status")

    office.runs_in("6h")
    (pace,) = office.json("status")["paces"]
    assert (pace["opens"], pace["waiting"], pace["kept_back"]) == (None, 0, "")
    assert office.people() == {"ada", "bob", "cleo", "dan"}
    office.settled()


@pytest.mark.parametrize("of_system", [None, "Pacific/Auckland"])
def test_several_windows_and_the_zone_of_the_store(office: Office, of_system: str | None) -> None:
    office.store["timezone"] = "Asia/Kolkata"
    if of_system is not None:
        office.systems["directory"]["timezone"] = of_system
    local = datetime.now(UTC) + timedelta(hours=5, minutes=30)
    office.systems["directory"]["window"] = f"{_around(3)}, {window(-1, 1, of=local)}"
    office.run()
    (pace,) = office.json("status")["paces"]
    assert pace["opens"] is None
    assert office.people() == {"ada", "bob", "cleo", "dan"}


def test_a_run_sends_no_more_than_it_may(office: Office) -> None:
    office.systems["directory"]["max_exports"] = 3
    for number in range(5, 10):
        office.hires(str(number), f"P{number} Other")
    sizes = []
    for _ in range(4):
        office.run()
        sizes.append(len(office.people()))
    assert sizes == [3, 6, 9, 9]
    office.settled()


def test_it_says_how_many_wait_for_the_next_run(office: Office) -> None:
    office.systems["directory"]["max_exports"] = 3
    office.run()
    assert office.steps()["export directory"]["message"] == "1 export waits: max_exports lets 3 go in a run"
    assert "'directory' has max_exports 3\n" in office("status")
    office.hires("8", "Hal Other")
    office.hires("9", "Ivy Other")
    office.hires("10", "Joy Other")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    assert "'directory' has max_exports 3: 1 export waits for a later run: one sends 3" in office("status")
    for step in (("evaluate",), ("export", "directory")):
        office("step", *step)
    assert len(office.people()) == 6, "a step by itself is a run of its own"


def test_a_rate_is_kept(office: Office) -> None:
    office.systems["directory"]["rate"] = "2/s"
    begin = time.monotonic()
    office.run()
    assert office.people() == {"ada", "bob", "cleo", "dan"}
    assert time.monotonic() - begin >= 1, "two at once, and the next two a second later"
    office.settled()


def test_a_stop_is_heard_while_it_waits(office: Office) -> None:
    office.systems["directory"]["rate"] = "1/h"
    for step in (("import", "hr"), ("import", "directory"), ("sync",), ("evaluate",)):
        office("step", *step)
    process = office.start("step", "export", "directory")
    while not office.people():
        time.sleep(0.05)
    office("stop")
    process.communicate(timeout=30)
    assert process.returncode == 5
    assert len(office.people()) == 1
    assert sorted(one["status"] for one in office.json("exports")) == ["Exported", "Pending", "Pending", "Pending"]
    del office.systems["directory"]["rate"]
    office.run()
    office.settled()


def test_a_plan_does_not_wait(office: Office) -> None:
    office.systems["directory"] |= {"rate": "1/h", "max_exports": 1, "window": _around(6)}
    assert office.json("plan")
    assert office("plan").count("uid=") >= 4


def test_nothing_is_ever_written_to_what_is_read_only(office: Office) -> None:
    office.systems["directory"]["read_only"] = True
    _, _, err = office.main("check")
    assert "'directory' is read_only; take the rule out" in err
    del office.systems["directory"]["read_only"]
    for step in (("import", "hr"), ("import", "directory"), ("sync",), ("evaluate",)):
        office("step", *step)
    office.systems["directory"]["read_only"] = True
    office.rules.remove(office.rule("people to the directory"))
    office("step", "export", "directory", status=None)
    assert not office.people(), "what was staged before is not sent either"


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("window", "8pm-6am", "names no hours of a day"),
        ("window", "25:00-06:00", "names no hours of a day"),
        ("window", "20:00-20:00", "begins when it ends"),
        ("rate", "fast", "does not say how often"),
        ("rate", "0/s", "does not say how often"),
        ("max_exports", 0, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_refused(office: Office, key: str, value: object, problem: str) -> None:
    office.systems["directory"][key] = value
    _, _, err = office.main("check")
    assert problem in err
    assert f"systems.directory.{key}" in err
