"""Nobody finds out by trying who or what is known to another unit: asked for it or for nothing, the answer is the same.

Paired requests: one for something that another unit has, one for something made up, in turns. Status, words and length
are the same; the times lie within the noise of the machine.
"""

import re
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from engine.access.store import AccessStore
from engine.core.access import Recusal, RecusalReason
from engine.course.actions.steer import identify_person
from engine.sign_in.actions.sessions import sign_in
from engine.sign_in.records import SignInError
from tests.kit.crawl import routes_of
from tests.kit.portal import ORIGIN, REPORT, Portal
from tests.kit.two_units import NAMES, PHONES, TwoUnits, two_units

pytestmark = pytest.mark.long

PAIRS, FEWER_PAIRS = 200, 40
_OF_NO_CASE = ("/people", "/units", "/hubs/{peer_id}")
"""What is set up for the whole installation, and known to whoever may see its board."""
_PARAM = re.compile(r"\{(\w+?)(?::\w+)?\}")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def units(portal: Portal) -> Iterator[TwoUnits]:
    with two_units(portal) as made:
        yield made


def test_a_search_for_a_case_of_another_unit_is_like_one_for_nothing(units: TwoUnits) -> None:
    client = units.client(units.there.strongest)
    real, made_up = units.here.case.number, "C-1234-5678"
    answers = [client.get("/cases", params={"number": number}) for number in (real, made_up)]
    assert answers[0].status_code == answers[1].status_code == 200
    assert answers[0].text.replace(real, made_up) == answers[1].text
    assert units.there.case.page in client.get("/cases", params={"number": units.there.case.number}).text
    assert_like_in_time(
        lambda: client.get("/cases", params={"number": real}), lambda: client.get("/cases", params={"number": made_up})
    )


@pytest.mark.parametrize("known", [NAMES["here"], PHONES["here"]])
def test_a_search_for_a_person_of_another_unit_is_like_one_for_nobody(units: TwoUnits, known: str) -> None:
    client = units.client(units.there.strongest)
    made_up = "Porimol Hazarika" if known == NAMES["here"] else "+91 70000 77777"
    find = [lambda words=words: client.post("/find", data={"words": words}) for words in (known, made_up)]
    answers = [ask() for ask in find]
    assert answers[0].status_code == answers[1].status_code == 200
    assert answers[0].text.replace(known, made_up) == answers[1].text
    assert units.there.case.page in client.post("/find", data={"words": NAMES["there"]}).text
    assert_like_in_time(find[0], find[1], pairs=FEWER_PAIRS)


def test_each_address_of_another_unit_is_like_one_of_nothing(units: TwoUnits) -> None:
    client, asked, differing = units.client(units.there.strongest), 0, []
    for route in routes_of(units.portal.app):
        names = _PARAM.findall(route.path)
        if not names or not set(names) <= units.here.made or route.path.startswith(_OF_NO_CASE):
            continue
        for method in sorted(route.methods - {"HEAD"}):
            seen = []
            for ids in (units.here.ids, dict.fromkeys(names, uuid4())):
                path = _PARAM.sub(lambda name, ids=ids: str(ids[name.group(1)]), route.path)
                data = {"command_id": str(uuid4())} if method == "POST" else None
                answer = client.request(method, path, data=data, follow_redirects=False)
                seen.append((answer.status_code, _plain(answer.text), _plain(answer.headers.get("location", ""))))
            if seen[0] != seen[1]:
                differing.append((method, route.path, seen[0][0], seen[1][0]))
            asked += 1
    assert not differing
    assert asked > 60


def test_opening_a_case_page_of_another_unit_takes_as_long_as_opening_nothing(units: TwoUnits) -> None:
    client, case = units.client(units.there.strongest), units.here.case.page
    assert_like_in_time(lambda: client.get(case), lambda: client.get(f"/cases/{uuid4()}"), pairs=FEWER_PAIRS)


def test_writing_a_person_down_whom_another_unit_knows_is_like_any_other(units: TwoUnits) -> None:
    engine, viewer = units.portal.engine, units.there.people["caseworker"]
    case_id, person = units.there.ids["case_id"], units.there.ids["person_id"]

    def write(name: str, phone: str) -> Callable[[], object]:
        identity = {"name": name, "phone": phone}
        return lambda: identify_person(
            engine, person, case_id=case_id, viewer=viewer, command_id=uuid4(), identity=dict(identity)
        )

    known, unknown = write(NAMES["here"], PHONES["here"]), write("Nilima Gurung", "+91 98640 00000")
    assert known() == unknown()
    assert_like_in_time(known, unknown, pairs=FEWER_PAIRS)


def test_reporting_what_another_unit_reported_is_like_any_other_report(units: TwoUnits) -> None:
    client = units.client(units.there.people["intake_officer"].actor_id)
    seen = []
    for words in (REPORT["a-narrative"], "A boy of ten sells water at a station."):
        saved = client.post("/report", data=REPORT | {"a-narrative": words, "command_id": str(uuid4())})
        plain = re.sub(r"C-[0-9A-Z]{4}-[0-9A-Z]{4}", "NUMBER", _plain(saved.text))
        seen.append((saved.status_code, re.sub(r"<p class=\"govuk-body\"><strong>[^<]+</strong></p>", "CODE", plain)))
    assert seen[0] == seen[1]


def test_breaking_the_emergency_for_a_case_that_is_denied_is_like_asking_for_nothing(units: TwoUnits) -> None:
    who = units.there.people["case_manager"]
    client, denied = units.client(who.actor_id), units.here.case.number
    with units.portal.engine.transaction() as tx:
        tx.of(AccessStore).recuse(
            Recusal(reason=RecusalReason.DENIED,
                id=uuid4(), case_id=units.here.ids["case_id"], actor_id=who.actor_id, reason_code="concern",
                set_at=units.portal.clock.now(),
            )
        )  # fmt: skip
        tx.commit()

    def ask(number: str) -> tuple[int, str, str]:
        form = {
            "number": number,
            "reason_code": "life_at_risk",
            "words": "A life is in danger there, and nobody of theirs answers.",
            "hours": "1",
        }
        got = client.post("/emergency-access", data=form | {"command_id": str(uuid4())}, follow_redirects=False)
        page = client.get("/emergency-access")
        return got.status_code, got.headers.get("location", ""), _plain(page.text)

    (status, where, before), (_, _, after) = ask(denied), ask("C-1234-5678")
    assert status == 303, before[-3000:]
    assert (status, where) == ask("C-1234-5679")[:2]
    assert before.count(denied) == after.count("C-1234-5678")
    assert units.here.case.page not in client.get("/cases").text
    assert_like_in_time(lambda: ask(denied), lambda: ask("C-1234-5678"), pairs=20)


def test_signing_in_tells_nobody_who_has_an_account(units: TwoUnits) -> None:
    engine, viewer = units.portal.engine, units.here.people["caseworker"]
    (email,) = units.rows.all("SELECT email FROM actor WHERE id = %(id)s", id=viewer.actor_id)[0]
    units.rows.all(
        "UPDATE actor SET password_hash = %(hash)s WHERE id = %(id)s",
        id=viewer.actor_id, hash=engine.passwords.hash("the right one of somebody"),
    )  # fmt: skip

    def fails(address: str) -> Callable[[], str]:
        def attempt() -> str:
            with pytest.raises(SignInError) as caught:
                sign_in(engine, email=address, password="a wrong one of somebody")
            return str(caught.value)

        return attempt

    real, made_up = fails(str(email)), fails("nobody.at.all@example.org")
    assert real() == made_up()
    assert_like_in_time(real, made_up, pairs=FEWER_PAIRS)


def test_asking_for_a_new_password_tells_nobody_who_has_an_account(units: TwoUnits) -> None:
    viewer = units.here.people["caseworker"]
    (email,) = units.rows.all("SELECT email FROM actor WHERE id = %(id)s", id=viewer.actor_id)[0]
    client = TestClient(units.portal.app, base_url=ORIGIN)
    pages = [client.post("/forgot", data={"email": address}) for address in (str(email), "nobody.at.all@example.org")]
    assert pages[0].status_code == pages[1].status_code
    assert pages[0].text == pages[1].text

    def ask(address: str) -> Callable[[], object]:
        def attempt() -> None:
            units.rows.all("DELETE FROM sign_in_try")
            assert client.post("/forgot", data={"email": address}).status_code == 200

        return attempt

    assert_like_in_time(ask(str(email)), ask("nobody.at.all@example.org"), pairs=6)


def test_a_link_of_a_partner_says_nothing_before_its_code(units: TwoUnits) -> None:
    client = TestClient(units.portal.app, base_url=ORIGIN)
    (token, code) = _partner_link(units)
    pages = [client.get(f"/p/{one}") for one in (token, "no-such-link")]
    assert pages[0].status_code == pages[1].status_code
    assert pages[0].text.replace(token, "") == pages[1].text.replace("no-such-link", "")
    wrong = "000000" if code != "000000" else "111111"
    refused = [client.post(f"/p/{one}", data={"code": wrong}) for one in (token, "no-such-link")]
    assert refused[0].status_code == refused[1].status_code == 403
    assert refused[0].text.replace(token, "") == refused[1].text.replace("no-such-link", "")
    assert_like_in_time(lambda: client.get(f"/p/{token}"), lambda: client.get("/p/no-such-link"))


def test_the_comparison_of_times_finds_what_takes_longer() -> None:
    with pytest.raises(AssertionError, match="takes longer"):
        assert_like_in_time(lambda: sum(range(40_000)), lambda: sum(range(10_000)))


def assert_like_in_time(one: Callable[[], object], other: Callable[[], object], *, pairs: int = PAIRS) -> None:
    """Compare the medians of both, taken in turns, with the spread of the noise; what differs is measured once more."""
    for last in (False, True):
        times: tuple[list[float], list[float]] = ([], [])
        for turn in range(pairs):
            order = ((one, times[0]), (other, times[1]))
            for ask, kept in order if turn % 2 else reversed(order):
                begun = perf_counter()
                ask()
                kept.append(perf_counter() - begun)
        middle = [median(kept) for kept in times]
        spread = median(abs(time - middle[side]) for side, kept in enumerate(times) for time in kept)
        if abs(middle[0] - middle[1]) < max(3 * spread, 0.05 * max(middle)):
            return
        assert not last, f"one takes longer than the other: {middle}, noise {spread}"


def _partner_link(units: TwoUnits) -> tuple[str, str]:
    client = units.client(units.here.people["case_manager"].actor_id)
    address = f"{units.here.case.page}/sent/{units.here.ids['referral_id']}/link"
    made = client.post(address, data={"command_id": str(uuid4()), "days": "3"})
    token, code = re.search(r"/p/([\w-]+)", made.text), re.search(r"<strong>(\d{6})</strong>", made.text)
    return token.group(1), code.group(1)


def _plain(page: str) -> str:
    return _ID.sub("ID", page)
