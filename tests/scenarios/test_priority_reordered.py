"""The order of the sources is turned round in the configuration: every person it touches follows, in one run."""

from tests.scenarios.conftest import Office


def test_another_order_for_one_attribute_takes_effect_at_the_next_run(office: Office) -> None:
    lines = office.has_telephony()
    office.rule("numbers from telephony")["flow"]["title"] = "{{ 'Operator' if number == '200' }}"
    lines.add("L1", employee="1", number="100")
    lines.add("L2", employee="2", number="200")
    office.run()
    assert _seen(office, "ada") == ("100", "Clerk")
    assert _seen(office, "bob") == ("200", "Operator")

    office.metaverse["person"]["priority"] = {"phone": ["people from hr", "numbers from telephony"]}
    office.run()
    assert _seen(office, "ada") == ("+49 30 1", "Clerk")
    assert _seen(office, "bob") == ("+49 30 2", "Operator")
    assert office.steps()["export directory"]["statistics"] == {"updates": 2}

    del office.metaverse["person"]["priority"]
    office.rules.append(office.rules.pop(0))
    office.run()
    assert _seen(office, "ada") == ("+49 30 1", "Clerk")
    assert _seen(office, "bob") == ("+49 30 2", "Clerk")

    office.rules.insert(0, office.rules.pop())
    office.run()
    assert _seen(office, "ada") == ("100", "Clerk")
    assert _seen(office, "bob") == ("200", "Operator")
    office.settled()


def _seen(office: Office, uid: str) -> tuple[str, str]:
    found = office.person(uid)
    return found["telephoneNumber"][0], found["title"][0]
