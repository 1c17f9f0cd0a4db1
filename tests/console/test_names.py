"""Who is meant, wherever the console tells of somebody by an id: the name first, and the id behind it."""

import pytest

from tests.console.conftest import Open
from tests.console.office import let_leave, make_office
from tests.workspace import Workspace
from tui.feed import with_names

SIZE = 12


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An office in which somebody is gone by an approval."""
    site = make_office(tmp_path_factory.mktemp("names") / "office", SIZE)
    site("run")
    let_leave(site, 1, SIZE)
    site("run")
    site("review", "approve", "rev-1", "--reason", "left, as rev-1 says")
    site("run")
    site("disconnect", "cso-1", "--reason", "another than mvo-2 says")
    return site


async def test_reasons_and_subjects_have_names(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(200, 60)) as console:
        await console.show("5", "1 of")
        await console.press("slash")
        await console.type("entity:join")
        await console.press("enter")
        await console.until("from           ▲ Emma Moore (mvo-1)", "another than Noah Nolan (mvo-2) says")
        await console.settle()
        await console.press("enter")
        await console.until("Transitions › Emma Moore (cso-1)", "joined to", "Emma Moore (mvo-1)")
        await console.show("9", "Henry Abbott (rev-1)", "left, as Henry Abbott")
        await console.press("colon")
        await console.type("deleted")
        await console.press("enter")
        await console.until("was joined to", "Henry Abbott (mvo-12)", "left, as Henry Abbott")
        await console.settle()
        await console.press("enter")
        await console.until("› deleted › Henry Abbott (cso-")


async def test_who_is_gone_is_called_as_before(office: Workspace, opened: Open) -> None:
    ((gone,),) = office.query("SELECT object_id FROM tombstones WHERE system = 'hr'")
    async with opened(office, size=(120, 40)) as console:
        await console.press("colon")
        await console.type(f"cso-{gone}")
        await console.until(f"open cso-{gone}")
        await console.settle()
        await console.press("enter")
        await console.until(f"Henry Abbott (cso-{gone})", "is no longer in the connector space")


async def test_an_explanation_names_who_contributes(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(200, 60)) as console:
        await console.show("4", "Emma Moore")
        await console.press("x")
        await console.until("from Emma Moore (E000001) in hr (cso-1)", "Metaverse › why Emma Moore (mvo-1)")
    told = office("explain", "cso-2")
    assert "joined to Noah Nolan (mvo-2) by projection" in told
    assert "from Noah Nolan (E000002) in hr (cso-2)" in told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("joined to mvo-2", "joined to Ada (mvo-2)"),
        ("all rows (mvo-2, mvo-2)", "all rows (Ada (mvo-2), Ada (mvo-2))"),
        ("Ada (mvo-2) and mvo-2", "Ada (mvo-2) and Ada (mvo-2)"),
        ("'interlock join cso-3 mvo-2'; or mvo-2", "'interlock join cso-3 mvo-2'; or Ada (mvo-2)"),
        ("mvo-22, x-mvo-2, mvo-2x", "mvo-22, x-mvo-2, mvo-2x"),
    ],
)
def test_a_name_stands_before_an_id_once(text: str, shown: str) -> None:
    assert with_names(text, {"mvo-2": "Ada"}) == shown
