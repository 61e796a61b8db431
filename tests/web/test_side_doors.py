"""No form, address or list beside the main ones opens what is another unit's, or makes somebody more than they are.

Each test stands for a hole that systems like this one have had: roles changed by extra fields of a form, ids of others
in nested addresses, searches that leave one's own unit, notices, drafts and links of others, and changes by looking.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest

from engine.errors import IcmcError
from engine.language.names import Role
from engine.messages.actions.writing import token_of_link
from engine.plugin.registry import load_registry
from engine.web.security import HEADERS
from tests.kit.crawl import Crawled, OfferedForm, crawl, routes_of, shown_text, sort_of
from tests.kit.portal import REPORT, Portal
from tests.kit.two_units import NAMES, TwoUnits, two_units

pytestmark = pytest.mark.long


def _all_below(kind: type[IcmcError]) -> Iterator[type[IcmcError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _all_below(one)


WHO = ("actor", "membership", "unit", "organisation", "api_key", "grant", "recusal", "second_factor", "invitation")
"""Tables that say who somebody is and what they may see."""
_PARAM = re.compile(r"\{(\w+?)(?::\w+)?\}")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_OWN_MATTERS = ("/sign-out", "/sign-in", "/become", "/forgot", "/account", "/demo")
_NAMED = ("token", "name", "kind", "key", "day", "limit_id", "signature_id")
"""What names nothing of a case: words, kinds of steps, and limits of the law with those who signed them."""
_OF_THE_INSTALLATION = r"/hubs/[^/]+$"
"""A hub elsewhere, with its line and its clock: whoever leads a unit sees each, and nothing of a case stands there."""
_CHANGING = ("/cases", "/board", "/worklist", "/items", "/calls", "/messages", "/dead-letters", "/waiting", "/delays")
_AS_WRITTEN, _SOURCES = ("/definitions", "/documents", "/paper-forms"), ("/draft", "/simulation")
"""Pages of definitions as their writers have them, by their names, and papers."""
_STATES = (("aside", "step-failed: ValueError at a.b:3 in f"), ("aside", "tried-too-often"), ("held", None),
           ("ready", "timed-out"), ("ready", "lease-over"))  # fmt: skip
_CODES = "|".join(sorted(one.code for one in _all_below(IcmcError) if "-" in one.code and one.code != "sign-in"))
_TYPES = "|".join(sorted(re.escape(key) for key in load_registry().step_types))
_INTERNAL = re.compile(
    rf"(?<![\w.@/-])(?:P\d+W?[YMD]\w*|PT\d+W?[HMS]\w*|\d{{3,}} seconds|[a-z0-9]+(?:_[a-z0-9]+)+|'[a-z_]+'"
    rf"|(?:{_CODES}|step-failed|timed-out|tried-too-often|lease-over)|(?:{_TYPES})|True|False|[A-Z]\w+Error"
    r"|[=!]=|&&|\|\|)(?![\w@-])"
)
_AS_PRINTED = re.compile(r"/documents/|/paper-forms/|/definitions/document/[^/]+/preview")
"""Pages that are papers, as they come out of the printer."""


@pytest.fixture(scope="module")
def units(portal: Portal) -> Iterator[TwoUnits]:
    with two_units(portal) as made:
        yield made


@pytest.fixture(scope="module")
def offered(units: TwoUnits) -> dict[str, Crawled]:
    """What the pages of each side offer to somebody who has every role there."""
    return {
        side: crawl(units.client(getattr(units, side).strongest), "/", getattr(units, side).case.page)
        for side in ("here", "there")
    }


def test_the_cases_of_both_units_have_something_behind_each_sort_of_address(units: TwoUnits) -> None:
    named = {name for route in routes_of(units.portal.app) for name in _PARAM.findall(route.path)} - set(_NAMED)
    assert named <= set(units.here.ids), "an address names a sort of thing that these tests do not know yet"
    for side in (units.here, units.there):
        assert len(side.made) > 20, side.made


def test_nothing_of_another_unit_can_be_changed_by_naming_it_in_an_address(
    units: TwoUnits, offered: dict[str, Crawled]
) -> None:
    client, tried = units.client(units.there.strongest), 0
    fullest = _fullest(offered["here"])
    before, holes = units.rows.state(), []
    for method, path, form in _addresses_of_others(units, offered["here"]):
        if method == "GET":
            continue
        answer = client.post(path, data=fullest | form | {"command_id": str(uuid4())}, follow_redirects=False)
        changed = units.rows.changed(before)
        refused = {401} if path.startswith("/api/v1/") else {303, 403, 404, 409, 422}  # there no session counts
        if changed or answer.status_code not in refused:
            holes.append((path, answer.status_code, changed))
            before = units.rows.state()
        tried += 1
    assert not holes
    assert tried > 60


def test_nothing_of_another_unit_is_shown_by_naming_it_in_an_address(
    units: TwoUnits, offered: dict[str, Crawled]
) -> None:
    client, secrets, holes = units.client(units.there.strongest), _secrets(units), []
    for method, path, _ in _addresses_of_others(units, offered["here"]):
        if method == "GET":
            answer = client.get(path, follow_redirects=False)
            refused = {401} if path.startswith("/api/v1/") else {403, 404}  # there no session counts
            is_shown = answer.status_code not in refused and not re.match(_OF_THE_INSTALLATION, path)
            if is_shown or [one for one in secrets if one in answer.text]:
                holes.append((path, answer.status_code))
    assert not holes


def test_ids_of_another_unit_in_the_fields_of_a_form_reach_nothing(
    units: TwoUnits, offered: dict[str, Crawled]
) -> None:
    client = units.client(units.there.strongest)
    mine = {str(one): str(units.here.ids[name]) for name, one in units.there.ids.items()}
    people = {
        str(viewer.actor_id): str(units.here.people[role].actor_id) for role, viewer in units.there.people.items()
    }
    tried = 0
    for form in offered["there"].forms:
        if form.action.startswith(_OWN_MATTERS) or not _is_of_a_case(form):
            continue
        for name, values in form.fields.items():
            swapped = [_swap(value, mine | people) for value in values]
            numbered = "number" in name or name in {"stub", "same_number"}
            if swapped == values and not numbered:
                continue
            data = {**form.fields, "command_id": [str(uuid4())], name: swapped}
            data |= {name: [units.here.case.number]} if numbered else {}
            before = _of_case(units)
            answer = client.post(form.action, data=data)
            assert _of_case(units) == before, (form.action, name)
            assert units.here.case.number not in answer.text or numbered, (form.action, name)
            assert NAMES["here"] not in answer.text, (form.action, name)
            tried += 1
    assert tried > 3


def test_no_form_of_any_page_makes_somebody_more_than_they_are(units: TwoUnits, offered: dict[str, Crawled]) -> None:
    """Extra fields are added to every form that anybody is offered: what is not asked has no effect."""
    more = {
        "is_admin": "1", "is_system": "true", "admin": "on", "roles": "system_administrator", "disabled": "",
        "is_service": "true", "organisation_id": str(units.here.unit), "memberships": "system_administrator",
        "granted_by": str(units.there.strongest), "supervisor": str(units.there.strongest), "demo": "true",
        "password_hash": "x", "stepped_up_at": "2030-01-01T00:00", "viewer": str(units.here.strongest),
        "assignee_id": str(units.there.strongest), "unit": str(units.here.unit), "state": "closed",
        "version": "99", "chain_head": "00", "asked_by": str(units.here.strongest),
        "released_by": str(units.here.strongest), "second_by": str(units.here.strongest), "session_hash": "00",
    }  # fmt: skip
    client, before, tried = units.client(units.there.strongest), units.rows.state(), 0
    for form in offered["there"].forms:
        if form.action.startswith((*_OWN_MATTERS, "/absences")) or form.sort.endswith("/edit"):
            continue
        if "/access/recusals/" in form.action:
            continue  # who leads the unit ends a conflict of interest: that is what the form is for
        data = {**form.fields, "command_id": str(uuid4())}
        client.post(form.action, data={**{key: value for key, value in more.items() if key not in data}, **data})
        changed = {name for name in units.rows.changed(before) if name in WHO}
        assert not changed, (form.action, changed)
        tried += 1
    assert tried > 30


@pytest.mark.parametrize("role", ["caseworker", "supervisor", "data_protection_officer", "press_officer", "auditor"])
def test_nobody_but_an_administrator_changes_roles_people_or_units(units: TwoUnits, role: str) -> None:
    viewer = units.here.people[role]
    client, before = units.client(viewer.actor_id), units.rows.state()
    data = {
        "unit_id": str(units.here.unit), "role": "system_administrator", "name": "Somebody", "email": "x@example.org",
        "supervisor_id": str(viewer.actor_id), "answer": "yes", "command_id": str(uuid4()), "language": "en",
        "contact": "here", "zone": "Asia/Kolkata", "jurisdiction": "IN-AS", "organisation": "Any", "account": "any",
        "unit": "Unit IN-AS (Demo)", "scope": "board", "days": "5",
    }  # fmt: skip
    tried = 0
    for route in routes_of(units.portal.app):
        if "POST" in route.methods and route.path.startswith(("/people", "/units", "/service-accounts", "/channels")):
            for actor in (viewer.actor_id, units.here.people["lawyer"].actor_id):
                path = _PARAM.sub(lambda name: str(units.here.ids[name.group(1)]), route.path)
                path = path.replace(str(units.here.ids["actor_id"]), str(actor))
                if path.endswith("/lost-factor") and role == "supervisor":
                    continue
                assert client.post(path, data=data, follow_redirects=False).status_code in {403, 404}, path
                tried += 1
    assert not units.rows.changed(before)
    assert tried > 20


def test_a_report_with_more_fields_than_were_asked_is_the_same_report(units: TwoUnits) -> None:
    client = units.client(units.here.people["intake_officer"].actor_id)
    made = []
    for more in (
        {},
        {
            "status": "closed", "state": "closed", "revision": "7", "jurisdiction": "IN-MN", "number": "C-0000-0000",
            "workflow": "reported-concern", "opened_at": "2020-01-01T00:00", "is_admin": "1", "version": "9",
            "a-status": "closed", "a-role": "system_administrator", "merged_into": str(units.here.ids["case_id"]),
        },
    ):  # fmt: skip
        saved = client.post("/report", data=REPORT | more | {"command_id": str(uuid4())})
        number = re.search(r"Case number<br><strong>([^<]+)</strong>", saved.text)
        made += units.rows.all(
            "SELECT status, unit_id, jurisdiction, revision, chain_length, merged_into, opened_at"
            ' FROM "case" WHERE number = %(number)s',
            number=number.group(1),
        )
    assert made[0] == made[1]


def test_a_report_cannot_be_put_into_another_unit(units: TwoUnits) -> None:
    client, before = units.client(units.there.people["intake_officer"].actor_id), units.rows.state()
    for unit in (units.here.unit, uuid4()):
        answer = client.post("/report", data=REPORT | {"command_id": str(uuid4()), "unit_id": str(unit)})
        assert answer.status_code in {403, 404, 422}
    assert not units.rows.changed(before)


def test_a_search_never_leaves_the_viewers_own_units(units: TwoUnits) -> None:
    client, number = units.client(units.there.strongest), units.here.case.number
    for wanted in (
        number,
        number.lower(),
        "%",
        "_",
        "C-%",
        "' OR 1=1 --",
        f"{number}' OR '1'='1",
        "*",
        ".*",
        number[:6],
    ):
        for more in ({}, {"unit_id": str(units.here.unit)}, {"status": "closed"}, {"status": ["open", "closed"]}):
            answer = client.get("/cases", params={"number": wanted, **more})
            assert units.here.case.page not in answer.text, (wanted, more)
            assert answer.status_code == 200
    for query in (f"number=x&number={number}", f"number={number}&number=x", f"number[]={number}", f"NUMBER={number}"):
        assert units.here.case.page not in client.get(f"/cases?{query}").text, query
    for path in (
        "/worklist",
        "/team",
        "/transmit",
        "/board",
        "/referrals",
        "/matches",
        "/keeping",
        "/copies",
        "/on-call",
        "/absences",
    ):
        shown = client.get(path, params={"unit": str(units.here.unit), "unit_id": str(units.here.unit), "all": "1"})
        assert number not in shown.text, path
        assert NAMES["here"] not in shown.text, path


def test_a_value_that_is_sent_twice_opens_no_other_door(units: TwoUnits) -> None:
    client, before = units.client(units.there.strongest), _of_case(units)
    own, other = str(units.there.ids["person_id"]), str(units.here.ids["person_id"])
    for twice in ([own, other], [other, own]):
        client.post(
            f"{units.there.case.page}/consents",
            data={
                "person_id": twice, "kind": "consent", "purposes": ["shelter"], "recipients": ["kind:shelter"],
                "parts": ["name"], "valid_until": "2026-04-01", "command_id": str(uuid4()),
            },
        )  # fmt: skip
    assert _of_case(units) == before


def test_notices_drafts_and_kept_forms_of_others_stay_theirs(units: TwoUnits) -> None:
    before = units.rows.state()
    colleague = units.client(units.here.people["lawyer"].actor_id)
    own = units.rows.all(
        "SELECT id FROM message WHERE recipient_id <> %(who)s", who=units.here.people["lawyer"].actor_id
    )
    assert own
    for (notice,) in own:
        colleague.post(f"/notices/{notice}/read", follow_redirects=False)
    colleague.post("/notices/read", data={"notice_ids": [str(notice) for (notice,) in own]}, follow_redirects=False)
    assert "message" not in units.rows.changed(before)
    for viewer in (units.here.people["case_manager"], units.there.people["intake_officer"]):
        client = units.client(viewer.actor_id)
        assert NAMES["here"] not in client.get(units.here.case.item).text
        assert client.get(f"/kept/{units.here.ids['form_id']}").status_code == 404
        assert client.post(f"/kept/{units.here.ids['form_id']}/drop", follow_redirects=False).status_code in {303, 404}
        assert units.rows.all("SELECT 1 FROM kept_form WHERE id = %(id)s", id=units.here.ids["form_id"])


def test_the_link_of_somebody_elses_message_is_like_no_link(units: TwoUnits) -> None:
    due = units.rows.all("SELECT min(due_at) FROM deadline WHERE status = 'open'")[0][0]
    units.portal.let_time_pass(due - units.portal.clock.now())  # type: ignore[operator]
    tokens = [
        token_of_link(units.portal.engine, message)
        for (message,) in units.rows.all(
            "SELECT id FROM message WHERE link_hash <> '' AND unit_id = %(unit)s", unit=units.here.unit
        )
    ]
    assert tokens
    client, before = units.client(units.there.strongest), units.rows.state()
    nothing = client.get("/a/no-such-link")
    for token in tokens:
        shown = client.get(f"/a/{token}")
        assert (shown.status_code, _plain(shown.text, token)) == (
            nothing.status_code,
            _plain(nothing.text, "no-such-link"),
        )
        assert client.post(f"/a/{token}", data={"command_id": str(uuid4())}, follow_redirects=False).status_code == 404
    assert not units.rows.changed(before)


def test_looking_changes_nothing(units: TwoUnits, offered: dict[str, Crawled]) -> None:
    """Every page is opened by somebody who may see it: not a row of any table is another one afterwards."""
    client, opened = units.client(units.here.strongest), 0
    before = units.rows.state()
    for path in list(offered["here"].pages):
        client.get(path, follow_redirects=False)
        opened += 1
        assert not units.rows.changed(before), path
    for route in routes_of(units.portal.app):
        if "GET" in route.methods and not set(_PARAM.findall(route.path)) & set(_NAMED):
            path = _PARAM.sub(lambda name: str(units.here.ids[name.group(1)]), route.path)
            for method in ("GET", "HEAD"):
                client.request(method, path, follow_redirects=False)
                assert not units.rows.changed(before), (method, path)
            opened += 1
    assert opened > 80


def test_a_method_that_an_address_does_not_take_is_refused_and_no_other_site_is_let_in(units: TwoUnits) -> None:
    client, before = units.client(units.here.strongest), units.rows.state()
    taken: dict[str, set[str]] = {}
    for route in routes_of(units.portal.app):
        taken.setdefault(route.path, set()).update(route.methods)
    for pattern, methods in taken.items():
        path = _PARAM.sub(lambda name: str(units.here.ids.get(name.group(1), "nothing")), pattern)
        for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"} - methods):
            answer = client.request(method, path, headers={"x-http-method-override": "POST"}, follow_redirects=False)
            refused = 404 if (method, path) == ("GET", "/hubs/inbox") else 405  # it could be the name of a hub
            assert answer.status_code == refused, (method, path, answer.status_code)
            assert not [name for name in answer.headers if name.startswith("access-control")], path
        if "POST" in methods and "GET" in methods and not {"command_id"} & set(_PARAM.findall(pattern)):
            client.get(path, params={"_method": "POST", "action": "save"}, follow_redirects=False)
    assert not units.rows.changed(before)


def test_every_page_and_every_error_carries_the_same_headers(units: TwoUnits, offered: dict[str, Crawled]) -> None:
    client = units.client(units.here.strongest)
    seen = set()
    lost = units.client(units.here.people["caseworker"].actor_id)
    lost.cookies.clear()
    answers = [
        client.get("/nowhere"), client.get("/cases/abc"), client.post("/cases"), client.get("/people"),
        client.post("/report", data={"command_id": str(uuid4())}), client.post("/report", content=b"x" * 2_000_000),
        client.post("/report", headers={"origin": "https://elsewhere.example"}),
        client.get("/", headers={"host": "elsewhere.example"}), lost.get("/worklist", follow_redirects=False),
        client.get("/first/nothing"), client.get("/static/nothing.css"), client.get("/api/board"),
        client.get("/health"), client.get("/health/deadlines"), lost.get("/p/nothing"),
        *[client.get(path) for path in list(offered["here"].pages)[:80]],
    ]  # fmt: skip
    for answer in answers:
        seen.add(answer.status_code)
        for name, value in HEADERS.items():
            got = answer.headers.get(name, "")
            own = name == "Content-Security-Policy" and "default-src 'none'" in got and "frame-ancestors 'none'" in got
            assert got == value or own, (str(answer.url), answer.status_code, name)
        assert not [name for name in answer.headers if name.startswith(("access-control", "server", "x-powered"))]
    assert {200, 303, 400, 401, 403, 404, 405, 410, 413, 422} <= seen, seen


def test_no_page_makes_a_browser_ask_another_site_for_anything(offered: dict[str, Crawled]) -> None:
    loads = re.compile(
        r"""(?:<(?:script|img|iframe|link|source|video|audio|embed|object|use|form|input|button)\b[^>]*?"""
        r"""\b(?:src|href|srcset|action|formaction|data|poster)\s*=\s*["']?([^"'\s>]+))|url\(([^)]+)\)|@import\s+([^;]+)""",
        re.IGNORECASE,
    )
    asked = 0
    for path, page in offered["here"].pages.items():
        for found in loads.findall(page):
            target = next(part for part in found if part).strip("'\"")
            asked += 1
            assert re.match(r"(/(?!/)|#|data:|\?)", target), (path, target)
        assert not re.search(r"<(?:meta[^>]+refresh|base)\b", page, re.IGNORECASE), path
        assert not re.search(r"\son\w+\s*=|javascript:|<script(?![^>]*\bsrc=)", page, re.IGNORECASE), path
    assert asked > 100


def test_every_page_has_a_quick_way_out_that_says_nothing_of_where_one_was(offered: dict[str, Crawled]) -> None:
    pages = {path: page for path, page in offered["here"].pages.items() if not _AS_PRINTED.match(path)}
    assert len(pages) > 30
    for path, page in pages.items():
        way_out = re.search(r"<a [^>]*data-exit[^>]*>", page)
        assert way_out, path
        assert "noreferrer" in way_out.group(), path


def test_pages_of_work_that_runs_is_late_failed_or_waits_are_in_words(
    units: TwoUnits, offered: dict[str, Crawled]
) -> None:
    """No length of time of ISO 8601, code, key, step type or name of Python; what is to be copied stands in `code`.

    The people of these units are called by their roles.
    """
    for number, (status, code) in enumerate(_STATES):
        units.rows.all(
            "UPDATE job SET status = %(status)s, error_code = %(code)s, attempt = 4 WHERE id IN"
            " (SELECT id FROM job ORDER BY case_id = %(case)s DESC, id LIMIT 2 OFFSET %(after)s)",
            status=status, code=code, after=2 * number, case=units.here.ids["case_id"],
        )  # fmt: skip
    units.rows.all("UPDATE delivery SET status = 'dead', error_code = 'no-answer'")
    units.portal.let_time_pass(timedelta(days=3))
    client = units.client(units.here.strongest)
    now = {path: client.get(path).text for path in offered["here"].pages if path.startswith(_CHANGING)}
    board = units.client(units.portal.people["system_administrator"].actor_id).get("/board").text
    assert "the program of the step failed" in board
    found = {
        (sort_of(path), said[0])
        for path, page in (offered["here"].pages | now | {"/board of who mends": board}).items()
        if not path.startswith(_AS_WRITTEN) and not sort_of(path).endswith(_SOURCES)
        for said in _INTERNAL.finditer(shown_text(page))
        if said[0] not in set(Role)
    }
    assert len(now) > 20
    assert "/workflows/*/diagram" in {sort_of(path) for path in offered["here"].pages}
    assert not found


def _addresses_of_others(units: TwoUnits, offered: Crawled) -> Iterator[tuple[str, str, dict[str, list[str]]]]:
    """Return every address with ids of the other unit: all of them, and mixed with the ids of one's own case."""
    forms = {form.sort: dict(form.fields) for form in offered.forms}
    for route in routes_of(units.portal.app):
        names = _PARAM.findall(route.path)
        if not names or set(names) & set(_NAMED):
            continue
        for sides in product((units.here, units.there), repeat=len(names)):
            if all(side is units.there for side in sides):
                continue
            if not any(side is units.here and name in units.here.made for side, name in zip(sides, names, strict=True)):
                continue
            path = route.path
            for side, name in zip(sides, names, strict=True):
                path = re.sub(rf"\{{{name}(?::\w+)?\}}", str(side.ids[name]), path, count=1)
            for method in route.methods - {"HEAD"}:
                yield method, path, forms.get(sort_of(path), {})


def _fullest(offered: Crawled) -> dict[str, list[str]]:
    """Return a form that has every field of every page, so that no question is left open on the way to the rule."""
    fields: dict[str, list[str]] = {}
    for form in offered.forms:
        fields |= {name: values for name, values in form.fields.items() if name not in fields}
    return fields | {
        "approved": ["yes"], "answer": ["yes"], "agreed": ["yes"], "reason_code": ["other"], "revision": ["1"],
        "decision": ["keep"], "days": ["3"],
    }  # fmt: skip


def _secrets(units: TwoUnits) -> list[str]:
    return [units.here.case.number, NAMES["here"], "Zubeda", "98640 55501"]


def _is_of_a_case(form: OfferedForm) -> bool:
    return form.action.startswith(("/cases/", "/items/", "/referrals", "/report", "/on-call", "/absences", "/copies"))


def _swap(value: str, ids: dict[str, str]) -> str:
    return _ID.sub(lambda found: ids.get(found.group(), found.group()), value)


def _of_case(units: TwoUnits) -> list[tuple[object, ...]]:
    """Return what would be different if somebody had reached into the case of the first unit, or looked into it."""
    case = str(units.here.ids["case_id"])
    of_it = [
        name
        for (name,) in units.rows.all(
            "SELECT table_name FROM information_schema.columns"
            " WHERE column_name = 'case_id' AND table_schema = 'public' ORDER BY 1"
        )
        if name not in {"batch", "command", "emergency_access"}
    ]
    hashed = "SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text))"
    shown = [
        (name, *units.rows.all(f'{hashed} FROM "{name}" AS t WHERE case_id = %(case)s', case=case)[0]) for name in of_it
    ]
    return [*shown, *units.rows.all('SELECT * FROM "case" WHERE id = %(case)s', case=case)]


def _plain(page: str, token: str) -> str:
    return re.sub(r'value="[^"]*"', "", page).replace(token, "")
