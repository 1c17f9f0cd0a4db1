"""Where a profile stands: a step belongs to its position, however often it is repeated."""

import pytest

from tui import feed
from tui.console.cycle import standing

A, B = feed.StepPlan("import", "hr"), feed.StepPlan("sync")


def _record(number: int, run: int, plan: feed.StepPlan, position: int) -> feed.StepRecord:
    result = feed.StepResult.SUCCESS
    return feed.StepRecord(number, run, position, plan.phase, plan.system, "2026", "2026", result, 1, 1, {}, "")


@pytest.mark.parametrize(
    ("plans", "history", "shown", "following"),
    [
        ([A, A], [("step import hr", A, 0)], [1, 0], 1),
        ([A, A], [("step import hr", A, 1)], [0, 1], 0),
        ([A, A], [("twice", A, 1), ("twice", A, 0)], [2, 0], 1),
        ([A, B, A, B], [("twice", A, 0), ("twice", B, 1), ("step import hr", A, 0)], [3, 0, 0, 0], 1),
        ([A, B, A, B], [("twice", A, 2), ("twice", B, 3)], [0, 0, 1, 2], 0),
        ([A, B, A, B], [("step import hr", A, -1), ("step sync", B, -1), ("step import hr", A, -1)], [1, 2, 3, 0], 3),
        ([A, B], [("another profile", B, 0)], [0, 1], 0),
    ],
)
def test_a_step_keeps_its_place(
    plans: list[feed.StepPlan], history: list[tuple[str, feed.StepPlan, int]], shown: list[int], following: int
) -> None:
    steps = [_record(number, number, plan, place) for number, (_, plan, place) in enumerate(history, 1)]
    profiles = {number: name for number, (name, *_) in enumerate(history, 1)}
    found = standing(plans, steps, "twice", profiles)
    assert [record.id if record else 0 for record in found.records] == shown
    assert found.next_step == following


def test_steps_that_go_on_at_once_keep_each_their_place() -> None:
    plans = [feed.StepPlan("import", "hr"), feed.StepPlan("detect", "hr"), feed.StepPlan("import", "badges"), B]
    done = [_record(number, 1, plans[place], place) for number, place in ((1, 0), (2, 2), (3, 1))]
    found = standing(plans, done, "nightly", {1: "nightly"})
    assert [record.id if record else 0 for record in found.records] == [1, 3, 2, 0]
    assert found.next_step == 3
    stopped = [*done[:2], done[2]._replace(result=feed.StepResult.INTERRUPTED)]
    assert standing(plans, stopped, "nightly", {1: "nightly"}).next_step == 1
    again = [*stopped, _record(4, 2, plans[1], 1)]
    assert standing(plans, again, "nightly", {1: "nightly", 2: "nightly"}).next_step == 2
