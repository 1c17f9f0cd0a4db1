"""What has to be sent anew of a line: what differs, whole characters, and no more jumps than are worth it."""

from tui.console.widgets.changes import JUMP, changed_runs, cost


def test_equal_lines_need_nothing() -> None:
    assert changed_runs([("abc", "dim")], [("abc", "dim")], 10) == []
    assert changed_runs([("ab", ""), ("c", "")], [("abc", "")], 10) == []


def test_a_change_of_text_or_tone_is_sent() -> None:
    assert changed_runs([("abc", "")], [("aXc", "")], 10) == [(1, 2)]
    assert changed_runs([("abc", "")], [("ab", ""), ("c", "dim")], 10) == [(2, 3)]
    assert changed_runs([("abc", "")], [], 10) == [(0, 3)]


def test_changes_that_are_near_are_sent_as_one() -> None:
    width = 4 * JUMP
    text = "x" * width
    near = "y" + text[1 : JUMP - 1] + "y" + text[JUMP:]
    far = "y" + text[1 : 2 * JUMP] + "y" + text[2 * JUMP + 1 :]
    assert changed_runs([(text, "")], [(near, "")], width) == [(0, JUMP)]
    assert changed_runs([(text, "")], [(far, "")], width) == [(0, 1), (2 * JUMP, 2 * JUMP + 1)]
    assert cost([(0, 1), (40, 42)]) == 3 + 2 * JUMP


def test_both_cells_of_a_wide_character_change() -> None:
    assert changed_runs([("佐藤 x", "")], [("佐滕 x", "")], 10) == [(2, 4)]
    assert changed_runs([("佐e x", "")], [("佐e\u0301 x", "")], 10) == [(2, 3)]
    assert changed_runs([("佐 x", "")], [("佐\u0301 x", "")], 10) == [(0, 2)]


def test_what_replaces_vowel_signs_is_sent_as_far_as_a_terminal_may_have_painted_them() -> None:
    """शर्मा takes three cells, and in some terminals a fourth."""
    assert changed_runs([("शर्मा", "")], [("Bo ", "")], 20) == [(0, 4)]
    assert changed_runs([("Ada", "")], [("Bo ", "")], 20) == [(0, 3)]
