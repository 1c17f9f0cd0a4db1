"""Which CSO an imported object is: the primary external id decides, then the secondary."""

from engine.phases.importing.matching import Known, find_matching_cso
from storage.records import CsoStatus, KnownCso


def cso(number, external_id, key, status=CsoStatus.NORMAL):
    return KnownCso(number, external_id, key, key, "", status, 0, False)


def known(*csos):
    found = Known()
    for one in csos:
        if one.external_id is not None:
            found.by_external_id[one.external_id] = one
        if one.secondary_key is not None:
            found.by_secondary.setdefault(one.secondary_key, []).append(one)
    return found


def id_of(match):
    assert match.cso is not None
    return match.cso.id


def test_an_object_nobody_knows_is_no_cso():
    match = find_matching_cso(known(cso(1, "a", "cn=a")), "b", "cn=b")
    assert match.cso is None


def test_the_primary_id_finds_a_cso_whatever_its_name_is_now():
    match = find_matching_cso(known(cso(1, "a", "cn=old")), "a", "cn=new")
    assert id_of(match) == 1
    assert match.certain


def test_the_primary_id_goes_before_the_secondary():
    match = find_matching_cso(known(cso(1, "a", "cn=x"), cso(2, "b", "cn=a")), "a", "cn=a")
    assert id_of(match) == 1
    assert match.certain


def test_the_secondary_id_finds_what_we_created_and_have_not_seen_yet():
    created = cso(3, None, "cn=new", CsoStatus.PENDING_PROVISIONING)
    match = find_matching_cso(known(created), "fresh-id", "cn=new")
    assert id_of(match) == 3
    assert match.certain


def test_a_cso_without_a_primary_id_is_preferred_among_those_of_one_name():
    match = find_matching_cso(known(cso(1, "a", "cn=x"), cso(2, None, "cn=x")), "fresh-id", "cn=x")
    assert id_of(match) == 2
    assert match.certain


def test_a_cso_with_another_primary_id_is_only_perhaps_the_object_of_its_name():
    match = find_matching_cso(known(cso(1, "a", "cn=x")), "b", "cn=x")
    assert id_of(match) == 1
    assert not match.certain


def test_an_object_without_a_primary_id_is_found_by_its_name():
    match = find_matching_cso(known(cso(1, None, "cn=x")), None, "cn=x")
    assert id_of(match) == 1
    assert match.certain


def test_an_object_without_any_id_is_no_cso():
    match = find_matching_cso(known(cso(1, None, "cn=x"), cso(2, "a", None)), None, None)
    assert match.cso is None


def test_an_empty_primary_id_is_an_id_like_any_other():
    assert find_matching_cso(known(cso(1, "a", "cn=x")), "", None).cso is None
    assert id_of(find_matching_cso(known(cso(1, "", "cn=x")), "", None)) == 1
