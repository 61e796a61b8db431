"""What a person sends to do each act of a case, filled in so that it is done by whoever may."""

from collections.abc import Callable, Mapping
from typing import Final

from tests.oracle.objects import Objects
from tests.oracle.people import OUTSIDE, THIRD
from tests.oracle.world import OracleWorld

Form = Mapping[str, object]
_CASE: Final = "POST /cases/{case_id}"
_PERSON: Final = f"{_CASE}/persons/{{person_id}}"
_LIMIT: Final = f"{_CASE}/deadlines/{{deadline_id}}"

SIMPLE: Final[Mapping[str, Form]] = {
    f"{_CASE}/add-person": {"role": "witness"},
    f"{_CASE}/steps/{{step_id}}/journey": {
        "start": "2026-03-07T10:00", "end": "2026-03-07T12:00", "name": "journey", "place": "From here to there",
    },
    f"{_PERSON}/identify": {"name": "Somebody Else"},
    f"{_PERSON}/names": {"alias": "Another Name"},
    f"{_PERSON}/age": {"source": "stated", "youngest": "12", "oldest": "14", "as_of": "2026-03-01"},
    f"{_PERSON}/candidates": {"candidate": "Perhaps This One"},
    f"{_PERSON}/candidates/{{candidate_id}}": {"outcome": "ruled_out"},
    f"{_PERSON}/correct": {"reason_code": "person_says_so", "remark": "It was another way."},
    f"{_PERSON}/not-same/{{secondary_id}}": {},
    f"{_CASE}/add-step": {"uses": "rescue.first_needs", "limit": "", "title": "Ask again"},
    f"{_CASE}/begin": {"workflow": "reported-concern"},
    f"{_CASE}/move": {"workflow": "reported-concern"},
    f"{_CASE}/diary": {"kind": "call", "words": "Her aunt rang."},
    f"{_CASE}/close": {"reason_code": "duplicate", "words": "It is in the other one."},
    f"{_LIMIT}/ask": {"more": "PT5M", "extension_reason": "far_away"},
    f"{_LIMIT}/pause": {"until": "2026-03-08T10:00", "reason": "person_away"},
    f"{_CASE}/links/{{link_id}}/end": {},
    f"{_CASE}/access/recusals/{{recusal_id}}/end": {"reason_code": "no_longer"},
    f"{_CASE}/access/requests/{{request_id}}": {"answer": "no"},
    f"{_CASE}/consents/{{consent_id}}/withdraw": {},
    f"{_CASE}/sent/{{referral_id}}/recall": {},
    f"{_CASE}/sent/{{referral_id}}/link": {"days": "3"},
    f"{_CASE}/holds": {"kind": "claim", "reason": "A claim is open."},
    f"{_CASE}/holds/{{hold_id}}/lift": {},
    f"{_CASE}/files": {"kind": "other", "child_shown": "no", "file": ("slip.txt", b"Some words.", "text/plain")},
    "POST /items/{item_id}/claim": {},
}  # fmt: skip
"""Those that name nothing that the world has made."""

FORMS: Final[Mapping[str, Callable[[OracleWorld, Objects], Form]]] = {
    f"{_CASE}/links": lambda world, made: {"kind": "same_route", "number": _other(world, made).number},
    f"{_CASE}/merge": lambda _, made: {"stub": made.beside, "rests": "no", "merge_reason": "same_event"},
    f"{_CASE}/split": lambda _, made: {"person_ids": str(made.ids["secondary_id"]), "split_reason": "safety"},
    f"{_CASE}/access/recusals": lambda world, _: {"actor_id": _outside(world), "reason_code": "denied:danger"},
    f"{_CASE}/consents": lambda _, made: {
        "person_id": str(made.ids["person_id"]), "kind": "guardian", "purposes": "shelter", "assent": "yes",
        "recipients": "kind:shelter", "parts": "name", "valid_until": "2026-05-01", "language": "en",
    },
    f"{_CASE}/send": lambda world, _: {
        "kind": "consultation", "purpose": "health", "help": "advice", "urgency": "high",
        "to": str(world.staff[THIRD].unit_id),
    },
    f"{_CASE}/seal": lambda world, _: {
        "ground_code": "objection", "holder_id": str(world.viewers["worker"].actor_id),
    },
    f"{_PERSON}/bring": lambda _, made: {"bring_number": made.beside, "bring_role": "witness"},
    f"{_PERSON}/split": lambda _, made: {
        "names": made.values["alias"], "split_role": "witness", "split_reason": "two_people",
    },
    "POST /items/{item_id}/delegate": lambda world, _: {"to": str(world.viewers["nurse"].actor_id)},
    "POST /items/{item_id}": lambda _, __: {"action": "draft", "a-hospital": "A hospital", "revision": "1"},
}  # fmt: skip
"""Those that do."""


PROVEN: Final = (
    f"{_CASE}/access/recusals", f"{_CASE}/access/recusals/{{recusal_id}}/end",
    f"{_CASE}/access/requests/{{request_id}}", f"{_CASE}/add-person", f"{_CASE}/add-step", f"{_CASE}/consents",
    f"{_CASE}/consents/{{consent_id}}/withdraw", f"{_CASE}/files", f"{_CASE}/begin", f"{_CASE}/close", f"{_CASE}/holds",
    f"{_CASE}/move",
    f"{_CASE}/holds/{{hold_id}}/lift", f"{_CASE}/links", f"{_CASE}/links/{{link_id}}/end", f"{_CASE}/merge",
    f"{_CASE}/split", f"{_CASE}/seal", f"{_CASE}/send", f"{_CASE}/sent/{{referral_id}}/recall",
    f"{_CASE}/sent/{{referral_id}}/link", f"{_LIMIT}/ask", f"{_LIMIT}/pause", f"{_PERSON}/age", f"{_PERSON}/bring",
    f"{_PERSON}/candidates", f"{_PERSON}/candidates/{{candidate_id}}", f"{_PERSON}/correct", f"{_PERSON}/identify",
    f"{_PERSON}/names", f"{_PERSON}/not-same/{{secondary_id}}", f"{_PERSON}/split", "POST /items/{item_id}",
    "POST /items/{item_id}/claim", "POST /items/{item_id}/delegate",
)  # fmt: skip
"""Those that are also done, each on a case of its own."""


def form_of(world: OracleWorld, address: str, objects: Objects) -> Form:
    """Return what is sent; for an act that is not listed, nothing that fits."""
    if address in FORMS:
        return FORMS[address](world, objects)
    return SIMPLE.get(address, {"to": "00000000-0000-0000-0000-000000000007"})


def _outside(world: OracleWorld) -> str:
    return str(world.staff[OUTSIDE].first.actor_id)


def _other(world: OracleWorld, made: Objects) -> Objects:
    return world.objects["granted narrowly" if made.number == world.objects["own"].number else "own"]
