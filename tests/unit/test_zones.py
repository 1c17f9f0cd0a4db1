"""The time zone: which day it is there, what has none is meant in it, and the days of 23 and 25 hours."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from engine.expressions.expression import ambient, compile_flow
from engine.values import zones
from engine.values.typed import canonical, parse
from storage import clock

HOUR = 36_000_000_000


@pytest.fixture(autouse=True)
def berlin() -> Iterator[None]:
    zones.use("Europe/Berlin")
    yield
    zones.use("UTC")


def flow(source, **attributes):
    return compile_flow(source)({**ambient(), **attributes})


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), date(2026, 10, 26)),
    ],
)
def test_today_changes_at_midnight_there(monkeypatch, moment, day):
    monkeypatch.setattr(clock, "moment", lambda: moment)
    assert ambient()["today"] == day
    assert ambient()["now"] == moment
    assert flow("{{ now | date }}") == day
    assert flow("{{ now | format_date('%H') }}") == f"{zones.local(moment).hour:02}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-01-15T12:00:00", "2026-01-15T11:00:00Z"),
        ("2026-07-15T12:00:00", "2026-07-15T10:00:00Z"),
        ("2026-07-15T12:00:00Z", "2026-07-15T12:00:00Z"),
        ("2026-07-15T12:00:00-05:00", "2026-07-15T17:00:00Z"),
        ("20260715120000Z", "2026-07-15T12:00:00Z"),
        ("2026-07-15", "2026-07-14T22:00:00Z"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),  # there is none: half an hour after two is half past three
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),  # there are two: the first
    ],
)
def test_what_names_no_zone_is_meant_there(written, meant):
    assert parse("datetime", written) == meant


def test_a_day_becomes_its_midnight_there():
    assert canonical("datetime", date(2026, 3, 29)) == "2026-03-28T23:00:00Z"
    assert canonical("datetime", date(2026, 3, 30)) == "2026-03-29T22:00:00Z"


def test_intervals_of_active_directory_count_the_hours_that_a_day_has():
    day = "{{ (end + 1d) | filetime }}"
    ends = [flow(day, end=date(2026, 3, one)) for one in (27, 28, 29, 30)]
    assert [(after - before) // HOUR for before, after in itertools.pairwise(ends)] == [24, 23, 24]
    ends = [flow(day, end=date(2026, 10, one)) for one in (23, 24, 25)]
    assert [(after - before) // HOUR for before, after in itertools.pairwise(ends)] == [24, 25]
    assert flow(day, end=date(2026, 3, 29)) == 134192952000000000  # 2026-03-29T22:00:00Z
    assert (
        flow("{{ '2026-03-30' | filetime }}") == flow("{{ '2026-03-29T22:00:00Z' | filetime }}") == 134192952000000000
    )
    assert flow("{{ ticks | from_filetime | date }}", ticks=134192952000000000) == date(2026, 3, 30)


def test_the_zone_holds_in_the_process_that_evaluates_what_may_take_long():
    assert flow("{{ [end] | map('filetime') | first }}", end=date(2026, 3, 30)) == 134192952000000000
