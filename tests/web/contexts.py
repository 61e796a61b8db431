"""What the templates are given in tests: everything that they can show, or as little."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from engine.access.records import REASONS
from engine.approvals.actions.concerns import KINDS, STATUSES
from engine.approvals.records import ApprovalRequest
from engine.audit.records import AccountLine, AuditLine, ConcernLine, EmergencyLine, EmergencyView, ReaderLine
from engine.core.policy import View
from engine.core.time.explain import Reason, ReasonKind
from engine.definitions.actions.law import Example, LawLine
from engine.definitions.records import StoredSignature
from engine.hubs.records import ERASURE_ANSWERS, HubLine, HubView, MirrorView
from engine.imports.records import BadCell
from engine.language.law import LawPack
from engine.messages.records import OfferView
from engine.numbers.charts import Bar, bars
from engine.numbers.pages import PillarGroup
from engine.numbers.records import (
    Figure,
    FigureTable,
    MonthlyLine,
    OwnUnit,
    PillarLine,
    SavedLine,
    SavedView,
    latest_periods,
)
from engine.overview.records import CaseView
from engine.people.actions.invitations import OpenedInvitation
from engine.sharing.records.consent import MatchView, PartnerPage, ProbeLine, SharingView
from engine.sharing.records.partners import Score, written
from engine.sign_in.records import ApiKey, KeptForm, Session
from engine.web import words as shown
from engine.work.records import PaperView

NOW = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
STATES = ("held", "offered", "accepted", "declined", "ended")


def sharing_contexts(
    view: Callable[[type[View]], Any], some: Callable[[Any], Any], nasty: str, *, full: bool
) -> dict[str, dict[str, Any]]:
    """Return the context of each template."""
    sharing, page = view(SharingView), view(PartnerPage)
    if full:
        one, consent = sharing.sent[0], sharing.consents[0]
        changes = {
            "sent": tuple(one.model_copy(update={"status": status, "is_outside": out}) for status in STATES
                          for out in (True, False)),
            "consents": tuple(consent.model_copy(update={"state": state}) for state in ("live", "withdrawn")),
        }  # fmt: skip
        sharing = sharing.model_copy(update=changes)
    picks = some(shown.FormChoice("a", nasty, checked=True))
    typed = dict.fromkeys(("valid_until", "to_name", "note"), nasty if full else "")
    wrong = {"kind": nasty, "parts": nasty, "basis": nasty} if full else {}
    form: dict[str, Any] = {
        "sharing": sharing, "errors": wrong, "problems": some(("#kind", nasty)), "typed": typed, "command_id": "7",
    }  # fmt: skip
    lists = dict.fromkeys(
        ("kinds", "units", "bodies", "purposes", "help", "urgencies", "bases", "parts", "rights", "keep_days",
         "persons", "assents", "recipients", "aloud"), picks,
    )  # fmt: skip
    problem = nasty if full else ""
    return {
        "consents.html": form | lists | {"may_keep": full, "languages": picks},
        "send.html": form | lists,
        "sent.html": form | {"may_send": full, "may_release": full},
        "partner-link.html": {"sharing": sharing, "address": nasty, "code": "012345", "expires_at": NOW},
        "partners.html": _partners(nasty, full=full),
        "partner-code.html": {"token": "abc", "problem": problem},
        "partner.html": {
            "page": page if full else None, "token": "abc", "reasons": {"full": nasty}, "phone": nasty,
            "problem": dict.fromkeys(("phone", "reason_code", "answer"), nasty) if full else {},
        },
        "referral.html": {"offer": view(OfferView), "note": nasty if full else "", "command_id": "7"},
        "matches.html": {
            "matches": some(view(MatchView)), "questions": _questions(view(MatchView)) if full else [],
            "problems": some(("#questions", nasty)),
        },
    }  # fmt: skip


def _partners(nasty: str, *, full: bool) -> dict[str, Any]:
    """Return a directory of every sort of entry, or an empty one."""
    said = {"services": ["shelter"], "areas": ["IN-ML"], "languages": [nasty], "hours": nasty, "takes_men": False}
    until = {"valid_until": NOW, "agreement_until": NOW.date(), "capacity_free": 3, "takes_children": True}
    entries = [written(None, nasty, more, at=NOW) for more in (said, said | until, {})]
    states = ("none", "over", "ending", "held")
    shown_as = [(one, counts, state) for one in entries for counts in (True, False) for state in states]
    words = (nasty,) if full else ()
    return {
        "partners": shown_as if full else (), "scores": (Score(nasty, 1, 1),) if full else (),
        "asked": {"service": nasty, "area": "", "language": ""}, "services": words, "areas": words, "languages": words,
    }  # fmt: skip


def _questions(one: Any) -> list[Any]:
    """Return a question that waits, one that was seen, and one for each answer."""
    waits = one.model_copy(update={"answered_at": None, "seen_at": None})
    said = [one.model_copy(update={"answered_at": NOW, "answer": answer}) for answer in ("yes", "no")]
    return [waits, one.model_copy(update={"answered_at": None}), *said]


ID = UUID(int=7)


def number_contexts(
    view: Callable[[type[View]], Any], some: Callable[[Any], Any], nasty: str, *, full: bool
) -> dict[str, dict[str, Any]]:
    """Return the context of each template."""
    line, unit = view(PillarLine), view(OwnUnit)
    periods = latest_periods(NOW.date())
    lines = some((nasty, line))
    table = view(FigureTable)
    return {
        "numbers.html": {
            "show": "times" if full else "survivors", "pages": {"times": nasty}, "unit": str(unit.id) if full else "",
            "units": (unit, unit), "period": "2026-Q1" if full else "", "periods": some(("2026-Q1", nasty)),
            "least": 11, "total": view(Figure) if full else None, "tables": some((table, bars(nasty, []))),
            "times": some((nasty, [(nasty, nasty)])), "may_export": full,
        },
        "numbers-saved.html": {
            "problems": some(("#name", nasty)), "errors": {"name": nasty, "tables": nasty} if full else {},
            "typed": {"name": nasty} if full else {}, "command_id": "7",
            "saved": some(view(SavedLine)), "names": {nasty: nasty},
            "units": (unit, unit) if full else (),
            "longest": 60, "tables": (shown.FormChoice("age", nasty, checked=full),), "is_monthly": full,
        },
        "numbers-one.html": {
            "found": view(SavedView).model_copy(
                update={} if full else {"survivors": None, "unit": "", "monthly_since": None}
            ),
            "address": "/numbers/saved/7", "names": {nasty: nasty, "": nasty}, "quarters": some(nasty),
            "show": "age", "pages": {"age": nasty} if full else {}, "least": 11,
            "month": nasty if full else "", "months": some((view(MonthlyLine), nasty)),
            "tables": some((table, bars(nasty, []))), "times": some((nasty, [(nasty, nasty)])),
        },
        "import.html": {
            "table": nasty, "units": ((unit.id, nasty), (unit.id, nasty)) if full else ((unit.id, nasty),),
            "unit_id": unit.id if full else None, "found": some(view(BadCell)), "problems": some(("#table", nasty)),
            "fits": 2 if full else 0, "done": (nasty,) * 6 if full else (), "command_id": "7",
            "columns": [(nasty, nasty, full)],
        },
        "pillars.html": {
            "groups": (PillarGroup("R", nasty, lines, bars(nasty, [(nasty, [Bar(3, "#000", nasty)])])),),
            "period": periods[-1 if full else 0], "periods": periods, "unit": str(unit.id) if full else "",
            "units": (unit, unit) if full else (unit,),
        },
    }  # fmt: skip


def hub_contexts(
    view: Callable[[type[View]], Any], some: Callable[[Any], Any], nasty: str, *, full: bool
) -> dict[str, dict[str, Any]]:
    """Return the context of each template."""
    hub, mirror = view(HubView), view(MirrorView)
    kinds = {"status": "offered", "purpose": "service", "help": "other", "urgency": "high", "erasure": "erased"}
    mirror = mirror.model_copy(update=kinds | {"jurisdiction": "IN-AS", "zone": "Asia/Kathmandu", "their_zone": "UTC"})
    line = HubLine(
        id=mirror.id, came_in=full, kind="note", at=NOW, sent_at=NOW, settled_at=None, by=nasty, label=nasty,
    )  # fmt: skip
    hubs = [hub.model_copy(update={"status": status}) for status in ("asked", "live", "ended")]
    mirrors = [
        mirror.model_copy(update={"status": status, "came_in": came_in, "lines": (line,)})
        for status in ("offered", "accepted", "recalled")
        for came_in in (True, False)
    ]
    typed = {
        "errors": {"file": nasty, "fingerprint": nasty, "reason_code": nasty} if full else {},
        "problems": some(("#file", nasty)), "typed": {"file": nasty} if full else {}, "command_id": "7",
    }  # fmt: skip
    may = dict.fromkeys(("may_confirm", "may_end", "may_answer", "may_disclose", "may_release", "may_reveal"), full)
    common = typed | may | {"differs": 60.0, "is_keeper": full, "fingerprint": nasty}
    words = {line.id: {"text": nasty, "lines": [(nasty, nasty)], "note": nasty}}
    return {
        "hubs.html": common | {"hubs": hubs if full else (), "units": (("x", nasty),), "bodies": (("x", nasty),)},
        "hub.html": common | {"hub": hubs[0] if full else hubs[1]},
        "hub-request.html": common | {"request": mirror, "controls": (), "reasons": {"x": nasty}},
        "hub-requests.html": common | {"waiting": some(mirror), "answered": some(mirror)},
        "case-hubs.html": common | {
            "case_id": mirror.id, "mirrors": mirrors if full else (), "words": words if full else None,
            "steps": (("x", nasty),), "erasure_answers": ERASURE_ANSWERS,
        },
    }  # fmt: skip


def account_contexts(nasty: str, *, full: bool, member: Any, unit: Any) -> dict[str, dict[str, Any]]:
    """Return what each template needs."""

    def some(value: Any) -> Any:
        return (value,) if full else ()

    field = {"errors": {"name": nasty, "password": nasty} if full else {}, "problems": some(("#name", nasty))}
    form = field | {"typed": {"name": nasty} if full else {}}
    problem = {"problem": nasty if full else "", "next_path": "/"}
    session = Session(ID, ID, NOW, NOW, None, NOW, full, False, nasty if full else "", False)
    key = ApiKey(ID, ID, nasty, ("board",), NOW, NOW, NOW, nasty)
    lost = ApprovalRequest(
        id=ID, kind="lost_factor", subject_id=ID, asked_by=ID, asked_at=NOW, reason_code="x", expires_at=NOW
    )
    role = ApprovalRequest(
        id=ID, kind="role", subject_id=ID, asked_by=ID, asked_at=NOW, expires_at=NOW, subject={"role": "lawyer"}
    )
    pairs = (("lawyer", "Lawyer"),)
    lists = {"units": some(unit), "roles": pairs, "languages": pairs, "places": ("IN",)}
    return {
        "sign-in-code.html": problem | {"is_sent": full},
        "step-up.html": problem | {"has_factor": full, "needs_factor": False, "factor": full},
        "kept.html": {"form": KeptForm(ID, "/report", some(("a-narrative", nasty)), NOW), "shown": some(("x", nasty))},
        "forgot.html": problem | {"email": nasty, "is_told": False},
        "account.html": {"sessions": ((session, True), (session, False)) if full else (), "has_factor": full,
                         "must_enrol": full, "can_practise": full},
        "training.html": {"ticket": nasty if full else "", "is_busy": not full, "hub": nasty},
        "account-password.html": field | {"has_factor": full},
        "second-factor.html": {"has_factor": full, "must_enrol": full, "secret": "ABCD" if full else "",
                               "picture": "", "problem": nasty if full else ""},
        "recovery-codes.html": {"codes": ("ABCD-EFGH-JKMN",)},
        "first-run.html": form | lists,
        "invitation.html": field | {"opened": OpenedInvitation("reset" if full else "invite", nasty)},
        "password-set.html": field,
        "people.html": form | lists | {"people": some(member), "shown": some(member), "page": 2 if full else 1,
                                       "has_more": full, "may_manage": full},
        "member.html": form | lists | {
            "person": member, "may_manage": full, "is_self": False, "others": some(member), "units": some((ID, nasty)),
            "may_lead": full,
            "lost": lost if full else None, "may_answer": full, "may_take_back": full,
            "failures": int(full), "asked": some((role, nasty)), "link_waits": full,
        },
        "link-made.html": {"person": member, "link": nasty, "waits": "link" if full else "roles"},
        "units.html": form | lists,
        "unit.html": form | lists | {"unit": unit, "people": some(member)},
        "service-accounts.html": form | {
            "keys": some(key), "units": some(nasty), "scopes": (("board", "read"),), "command_id": ID,
            "words": {"board": nasty},
        },
        "key-made.html": {"key": nasty, "waits": full, "address": nasty if full else "", "signs_itself": full},
    }  # fmt: skip


def audit_contexts(
    view: Callable[[type[View]], Any], some: Callable[[Any], Any], nasty: str, *, full: bool
) -> dict[str, dict[str, Any]]:
    """Return the context of each template."""
    names = ("number", "reason_code", "words", "hours", "kind", "about_id", "status")
    form = {
        "typed": dict.fromkeys(names, nasty) if full else {}, "errors": dict.fromkeys(names, nasty) if full else {},
        "problems": some(("#words", nasty)), "command_id": ID,
    }  # fmt: skip
    emergency, case = view(EmergencyView), view(CaseView)
    words = {"kinds": KINDS, "statuses": STATUSES}
    asked = dict.fromkeys(("sort", "actor", "number", "since", "until"), nasty if full else "")
    return {
        "emergency-access.html": form | {"may_ask": full, "mine": some(view(EmergencyLine)), "waiting": some(emergency),
                                    "reasons": REASONS, "hours": range(1, 5)},
        "emergency-access-one.html": {"emergency": emergency, "reasons": REASONS, "command_id": ID},
        "concerns.html": form | words | {"concerns": some(view(ConcernLine)), "people": some((ID, nasty))},
        "concern.html": form | words | {"concern": view(ConcernLine), "case_number": nasty if full else "",
                                        "words": nasty, "answer": nasty if full else "",
                                        "answered_at": NOW if full else None},
        "audit.html": {"lines": some(view(AuditLine)), "probes": some(view(ProbeLine)),
                       "most": {"person": 40, "unit": 200}, "sorts": {"": "Everything"}, "asked": asked,
                       "page": 2 if full else 1, "has_more": full, "people": some((ID, nasty))},
        "release-paper.html": {"paper": view(PaperView), "leaves": full, "problems": some(("#release", nasty)),
                               "command_id": ID},
        "readings.html": {"case": case, "lines": some(view(ReaderLine))},
        "account-of-case.html": {"case": case, "lines": some(view(AccountLine))},
    }  # fmt: skip


NASTY = "<b>&\"'"
_NOW = datetime(2026, 3, 7, 12, tzinfo=UTC)
_LIMIT = {
    "id": "XX-TEST", "jurisdiction": "IN", "what": NASTY, "trigger": NASTY, "limit": "PT24H", "counting": "elapsed",
    "alternatives": [{"option": "far", "limit": "P2D", "when": NASTY}], "excludes": ["journey"], "duty": NASTY,
    "source": NASTY, "basis": "read", "confidence": NASTY, "if_missed": NASTY, "note": NASTY, "advisory_in": ["hills"],
    "applies": {"offence_from": "2024-07-01", "offence_until": "2030-01-01", "age_under": 18, "age_from": 1,
                "age_on": "offence", "sex": ["female"], "why": NASTY},
    "in_force_from": "2024-07-01", "in_force_until": "2030-01-01",
    "signature": {"name": NASTY, "on": "2026-01-01", "source_read": NASTY},
}  # fmt: skip
_PLAIN = {k: v for k, v in _LIMIT.items() if k not in {"alternatives", "excludes", "applies", "in_force_from",
                                                       "in_force_until", "note", "advisory_in"}}  # fmt: skip
_AREA = {"title": NASTY, "states": ["IN-ML"], "source": NASTY, "confidence": "high"}


def law_contexts(*, full: bool, typed: dict[str, Any], case: Any, explained: Any) -> dict[str, dict[str, Any]]:
    """Return what the templates of the law need."""
    more = {"areas": {"hills": _AREA}, "notified": [{"in": "hills", "from": "2026-01-01", "source": NASTY}]}
    pack = LawPack.model_validate(
        {"law": "xx", "title": NASTY, "limits": [_LIMIT if full else _PLAIN], **(more if full else {})}
    )
    (limit,) = pack.by_id["XX-TEST"]
    lines = [
        LawLine(limit, "xx", NASTY, state, NASTY, NASTY, (NASTY,) if full else ())
        for state in (("signed", "changed", "revoked", "unsigned") if full else ("changed", "unsigned"))
    ]
    counted = (Reason(kind=ReasonKind.DUE, text=NASTY, instant=_NOW),)
    examples = [Example("IN", _NOW, "", counted if full else (), "" if full else NASTY) for _ in lines]
    signature = StoredSignature(UUID(int=1), "XX-TEST", "h", NASTY, "IN", UUID(int=2), date(2026, 1, 1), _NOW, NASTY)
    signatures = (signature, signature._replace(revoked_at=_NOW, revoked_for="law_changed")) if full else ()
    return {
        "law-of-case.html": {"case": case, "limits": [
            explained.model_copy(update={"applies": applies, "force": "target"})
            for applies in (("yes", "no", "unknown") if full else ())
        ]},
        "law.html": {"lines": lines if full else [], "signed": 0, "total": 1, "of": "", "state": "",
                     "places": [("", NASTY)], "states": [("", NASTY)]},
        "law-limit.html": {"limit_id": "XX-TEST", "lines": list(zip(lines, examples, strict=True)),
                           "note": NASTY if full else "", "signatures": signatures, "may_sign": full,
                           "is_lawyer": full, "reasons": [{"value": "x", "text": NASTY, "checked": False}],
                           "at": NASTY, "place": "IN", "option": "", "places": ("IN",), **typed},
    }  # fmt: skip
