"""A profile may import or detect twice: each step counts what it looked at itself, and changes nothing twice."""

import json

from tests.scenarios.conftest import Office


def test_each_step_counts_what_it_looked_at(office: Office) -> None:
    office.run()
    before = len(office.hr)
    del office.hr["2"]
    office.profiles["twice"] = {"steps": ["import hr", "import hr", "detect hr", "detect hr", "sync"]}
    code, out, err = office.main("run", "twice", "--json")
    assert code == 0, out + err
    steps = json.loads(out)["steps"]
    counted = [(step["phase"], step["done"], step["statistics"]) for step in steps]
    imported, detected = ([one for one in counted if one[0] == phase] for phase in ("import", "detect"))
    assert imported == [("import", before - 1, {"unchanged": before - 1})] * 2
    assert detected == [("detect", before, {"deletes": 1})] + [("detect", before - 1, {})] * (len(detected) - 1)
    assert len(detected) >= 2
    assert len(office.json("review")) == 1
