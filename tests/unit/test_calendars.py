"""When profiles are to run: what is written means to us what it means to systemd, which starts them."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.values.calendars import calendar

WRITTEN = [
    "02:30",
    "Mon..Fri 06:30",
    "Sat,Sun 08:00",
    "Mon,Wed..Fri 23:59",
    "*:15",
    "07..19:00/20",
    "Sun 00..03:05/17",
    "Mon 6:00",
]
ELAPSE = re.compile(r"(?:Next elapse|Iter\. #\d+): (?:\(in UTC\): )?\w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


@pytest.mark.parametrize("text", WRITTEN)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns"])
@pytest.mark.parametrize("day", [datetime(2026, 6, 26, 12, tzinfo=UTC), datetime(2026, 3, 28, 12, tzinfo=UTC)])
def test_systemd_reads_the_same(text: str, zone: str, day: datetime) -> None:
    base = day  # a Friday in summer, and the day before clocks go forward in Berlin
    command = ["systemd-analyze", "calendar", f"--base-time={base:%Y-%m-%d %H:%M:%S} UTC", "--iterations=6"]
    done = subprocess.run(
        [*command, calendar(text).systemd(zone)], capture_output=True, text=True, check=True, env={"TZ": "UTC"}
    )
    theirs = [datetime.fromisoformat(f"{one}+00:00") for one in ELAPSE.findall(done.stdout)]
    ours, at = [], base
    for _ in range(6):
        at = calendar(text).after(at, ZoneInfo(zone))
        ours.append(at)
    assert ours == theirs


@given(
    st.sampled_from(WRITTEN),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(["UTC", "Europe/Berlin"]),
)
def test_nothing_lies_between_the_last_and_the_next(text: str, naive: datetime, zone: str) -> None:
    moment, there = naive.replace(tzinfo=UTC), ZoneInfo(zone)
    before, after = calendar(text).before(moment, there), calendar(text).after(moment, there)
    assert before <= moment < after
    assert calendar(text).after(before, there) == after
    assert after - before <= timedelta(days=7, hours=2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "write it as"),
        ("noon", "write it as"),
        ("25:00", "hours go from 00 to 23"),
        ("12:60", "minutes from 00 to 59"),
        ("*:00/0", "minutes from 00 to 59"),
        ("19..07:00", "from the earlier to the later"),
        ("Fri..Mon 07:00", "from the earlier to the later one of a week"),
        ("Monday 07:00", "days are Mon, Tue"),
        ("Mon Tue 07:00", "days are Mon, Tue"),
        ("07:00:30", "write it as"),
    ],
)
def test_what_is_no_time_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        calendar(text)
