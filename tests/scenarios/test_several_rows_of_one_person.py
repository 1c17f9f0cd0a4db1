"""A person stands in several rows: two contracts, a transfer with overlap; which of them gives what is a rule."""

from tests.scenarios.conftest import Office, Source


def has_contracts(office: Office, **more: object) -> Source:
    """Let HR have a file of contracts, of which everybody may have several, and let it give department and title."""
    office.systems["hr"]["objects"]["contract"] = {
        "path": "contracts.csv",
        "external_id": "contract",
        "joins": "many",
        "attributes": {"starts": "date", "ends": "date"},
    }
    office.rules.insert(
        0,
        {
            "name": "contracts",
            "from": "hr.contract",
            "to": "metaverse.person",
            "join": [[{"source": "person", "target": "employee_id"}]],
            "prefer": "starts desc",
            "flow": {"title": "job", "department": "unit"},
        }
        | more,
    )
    return office.source("contracts.csv", "contract", ("person", "job", "unit", "starts", "ends"))


def test_the_preferred_row_gives_and_the_next_one_where_it_has_nothing(office: Office) -> None:
    contracts = has_contracts(office)
    contracts.add("c1", person="1", job="Clerk", unit="IT", starts="2020-01-01")
    contracts.add("c2", person="1", job="Lead", unit="", starts="2024-01-01")
    contracts.add("c3", person="2", job="Boss", unit="Sales", starts="2024-01-01")
    office.run()
    assert office.codes() == []
    ada = office.person("ada")
    assert (ada["title"], ada["departmentNumber"]) == (["Lead"], ["IT"])
    assert office.person("bob")["title"] == ["Boss"]
    office.settled()
    contracts["c1"]["starts"] = "2025-01-01"  # corrected: the other one goes first now
    office.run()
    assert office.person("ada")["title"] == ["Clerk"]
    office.settled()
