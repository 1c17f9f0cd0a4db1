"""What an approval would lead to is told before it is given: by the run's own code, and then just that happens."""

from tests.scenarios.conftest import Office


def _totals(found: dict[str, object]) -> dict[tuple[str, str, str], int]:
    listed: list[dict[str, object]] = found["totals"]  # type: ignore[assignment]
    return {(one["where"], one["type"], one["what"]): one["objects"] for one in listed}  # type: ignore[misc]


def test_the_tree_names_the_person_the_account_the_group_and_whose_manager_goes(office: Office) -> None:
    office.has_managers()
    groups = office.has_groups()
    groups.add("sales", name="Sales", members="2|4")
    office.hr["4"]["manager"] = "2"
    office.run()
    del office.hr["2"]
    office.run()
    before = office.slapd.search("(objectClass=*)", "*", "+")
    (item,) = office.json("review")
    referring = {(attribute, label.split(" (")[0]) for _, label, attribute in item["consequences"]["referring"]}
    assert referring == {("manager", "Dan Dare"), ("members", "Sales")}
    assert item["consequences"]["deletion_rule"] == "metaverse.person: last_connector_gone"

    found = office.json("review", "consequences", "rev-1")
    assert _totals(found) == {
        ("hr", "person", "disconnect"): 1,
        ("metaverse", "person", "delete"): 1,
        ("metaverse", "person", "update"): 1,
        ("metaverse", "group", "update"): 1,
        ("directory", "person", "Delete (staged)"): 1,
        ("directory", "person", "Update (staged)"): 1,
        ("directory", "group", "Update (staged)"): 1,
    }
    (tree,) = found["trees"]
    assert (tree["id"], tree["where"], tree["what"]) == ("rev-1", "hr", "disconnect")
    assert [(one["what"], one["follows"][0]["what"]) for one in tree["follows"]] == [("delete", "Delete (staged)")]
    (person,) = tree["follows"]
    names = [tree["name"], person["name"], person["follows"][0]["name"]]
    assert names == ["Bob Noyce (2)", "Bob Noyce (mvo-2)", "Bob Noyce (uid=bob,ou=people,dc=example,dc=org)"]
    others = {(one["name"].split(" (")[0], *one["attributes"], one["follows"][0]["where"]) for one in found["others"]}
    assert others == {("Dan Dare", "manager", "directory"), ("Sales", "members", "directory")}
    assert office.slapd.search("(objectClass=*)", "*", "+") == before
    assert office.json("review")[0]["state"] == "open", "nothing was decided"

    office.approve_all()
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    assert office.members("sales") == {"dan"}
    assert "manager" not in office.person("dan")


def test_recalled_attributes_name_who_takes_over(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L1", employee="1", number="+1 555 1")
    office.run()
    assert office.person("ada")["telephoneNumber"] == ["+1 555 1"]
    del lines["L1"]
    lines.add("L9", employee="9", number="+1 555 9")
    office.run()
    (item,) = office.json("review")
    assert item["consequences"]["recalled"] == ["phone"]
    assert item["consequences"]["taken_over"]["phone"][1] == "hr"
    assert item["consequences"]["deletes"] == []
    told = office("review", "consequences", "rev-1")
    assert "Update (staged)" in told
    assert "telephoneNumber" in told


def test_what_comes_after_grace_is_told_too(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    office.run()
    del office.hr["2"]
    office.run()
    found = office.json("review", "consequences", "rev-1")
    later = {(one["where"], one["what"]): one["later"] for one in found["totals"]}
    assert later["metaverse", "delete later"] is False
    assert later["directory", "Delete (staged)"] is True


def test_what_somebody_else_has_put_off_is_not_approved_over_it(office: Office) -> None:
    office.run()
    del office.hr["2"]
    del office.hr["3"]
    office.run()
    office.env["INTERLOCK_OPERATOR"] = "eve"
    office("review", "defer", "rev-1", "--until", "2099-01-01", "--reason", "the contract is extended")
    office.env["INTERLOCK_OPERATOR"] = "tim"
    said = office("review", "approve", "rev-1", "rev-2", "--reason", "left", "--count", "2", status=None)
    assert "put off until 2099-01-01 by eve: the contract is extended" in " ".join(said.split())
    assert office.query("SELECT state FROM review_items ORDER BY id") == [("deferred",), ("approved",)]
    office("review", "withdraw", "rev-1", "--reason", "eve agrees")
    office("review", "approve", "rev-1", "--reason", "left")
    office.run()
    assert office.people() == {"ada", "dan"}


def test_items_are_chosen_by_a_filter_and_their_number_is_wanted(office: Office) -> None:
    office.run()
    del office.hr["2"]
    del office.hr["3"]
    office.run()
    assert "the filter lets 2 through; say so with --count 2" in office(
        "review", "approve", "--filter", "system:hr", "--reason", "left", status=2
    )
    assert (
        _totals(office.json("review", "consequences", "--filter", "kind:absence"))["metaverse", "person", "delete"] == 2
    )
    office("review", "defer", "--filter", "object:2", "--count", "1", "--until", "2099-01-01", "--reason", "later")
    assert [one["label"] for one in office.json("review")] == ["Cleo Stone (3)"]
    assert "is over already" in office(
        "review", "defer", "rev-2", "--until", "2001-01-01", "--reason", "as agreed", status=2
    )
    office("review", "approve", "--filter", "!kind:delete", "--count", "1", "--reason", "left")
    office.run()
    assert office.people() == {"ada", "bob", "dan"}


def test_what_cannot_be_approved_is_said_and_not_told_as_nothing(office: Office) -> None:
    office.run()
    del office.hr["2"]
    office.run()
    told = office("review", "consequences", "rev-99", status=2)
    assert told.strip() == "rev-99 cannot be approved: there is no such review item"
    office.approve_all()
    told = office("review", "consequences", "rev-1", "rev-98", "rev-99", status=2)
    assert "rev-1 cannot be approved: decided meanwhile: approved by" in told
    assert "so it is with 2 more" in told


def test_odd_words_are_refused_with_a_sentence(office: Office) -> None:
    office.run()
    del office.hr["2"]
    office.run()
    for command in ("consequences", "approve", "keep"):
        more = () if command == "consequences" else ("--reason", "as agreed", "--count", "1")
        assert "no column 'zzz' here" in office("review", command, "--filter", "zzz:1", *more, status=2)
    for until in ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "99999999d"):
        assert "neither a duration" in office(
            "review", "defer", "rev-1", "--until", until, "--reason", "as agreed", status=2
        )
    assert "is over already" in office("review", "defer", "rev-1", "--until", "0d", "--reason", "as agreed", status=2)
    for count in ("0", "-1", "2"):
        told = office("review", "approve", "rev-1", "--reason", "as agreed", "--count", count, status=2)
        assert "this approves 1 items; say so with --count 1" in told
    assert office.json("review")[0]["state"] == "open"


def test_a_delete_that_waits_for_its_approval_is_counted(office: Office) -> None:
    office.run()
    office.rule("people to the directory")["scope"] = "status == 'active'"
    office.hr["2"]["status"] = "left"
    office.run()
    assert _totals(office.json("review", "consequences", "rev-1")) == {("directory", "person", "Delete"): 1}
    assert "no such item waits" in office("review", "consequences", "--filter", "object:nobody")


def test_an_account_that_is_made_again_follows_from_its_loss(office: Office) -> None:
    office.run()
    bob = office.person("bob")
    office.slapd.modify(f"dn: {bob['dn'][0]}\nchangetype: delete\n")
    office.run()
    (item,) = office.json("review")
    (tree,) = office.json("review", "consequences", item["id"])["trees"]
    assert (tree["name"], tree["what"]) == (f"Bob Noyce ({bob['dn'][0]})", "disconnect")
    assert [(one["name"], one["what"]) for one in tree["follows"]] == [(tree["name"], "Create (staged)")]
    office.approve_all()
    office.run()
    assert office.person("bob")["entryUUID"] != bob["entryUUID"]
