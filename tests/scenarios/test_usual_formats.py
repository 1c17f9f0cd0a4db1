"""Names, numbers and bits arrive as they are usually written, whatever HR types."""

from tests.scenarios.conftest import Office


def test_what_hr_types_arrives_as_it_is_usually_written(office: Office) -> None:
    for number, row in office.hr.items():
        row["phone"] = f"030 765432{number}"
    office.hr["1"] |= {"last_name": "VAN DER BERG", "phone": "030 1234567", "title": "514"}
    flow = office.rule("people from hr")["flow"]
    flow["last_name"] = "{{ last_name | title_case }}"
    flow["phone"] = "{{ phone | phone('DE') }}"
    outbound = office.rule("people to the directory")["flow"]
    outbound["title"] = "{{ title | clear_bits(2) if title is defined and title != 'Clerk' else title }}"
    office.run()
    ada = office.person("ada")
    assert (ada["sn"], ada["telephoneNumber"], ada["title"]) == (["van der Berg"], ["+49301234567"], ["512"])

    office.hr["1"]["phone"] = "unknown"
    office.run(status=1)
    (told,) = office.errors()
    assert told["code"] == "expression-error"
    assert "'unknown' is no telephone number" in told["message"]
    assert office.person("ada")["telephoneNumber"] == ["+49301234567"], "what is wrong changes nothing"
