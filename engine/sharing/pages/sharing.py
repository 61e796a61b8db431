"""The ledger of consents of a case: what may be shared of whom, with whom, until when; write down, take back."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.policy import Action
from engine.errors import InvalidAnswersError, NotFoundError
from engine.people.records import to_choose
from engine.plugin.kinds import YES_NO
from engine.sharing.actions.consents import GivenConsent, record_consent, withdraw_consent
from engine.sharing.records.consent import GivenBy, fields_of
from engine.sharing.views.sharing import sharing as sharing_view
from engine.web import words as shown
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import say
from engine.web.posted import text, texts
from engine.web.visit import Visit

router = APIRouter()
_MANY: Final = ("purposes", "recipients", "parts")
_ONE: Final = ("person_id", "kind", "assent", "valid_until", "language", "read_aloud")


@router.get("/cases/{case_id}/consents")
def consents(visit: SignedIn, case_id: UUID) -> Response:
    """Show the ledger, and the form for another consent."""
    return _page(visit, case_id)


@router.post("/cases/{case_id}/consents")
def recorded(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Write a consent down."""
    visit.must(Action.KEEP_CONSENTS, case_id)
    command_id = visit.command_of(form)
    typed = {name: [text(form, name)] for name in _ONE} | {name: texts(form, name) for name in _MANY}
    zone = visit.ask(sharing_view, case_id).zone
    try:
        record_consent(visit.engine, case_id, viewer=visit.viewer, command_id=command_id, agreed=_agreed(typed, zone))
    except InvalidAnswersError as error:
        errors = {"parts" if name == "fields" else name: said for name, said in error.problems.items()}
        return _page(visit, case_id, errors=errors, typed=typed, command_id=command_id)
    return visit.go(f"/cases/{case_id}/consents", said="consent")


@router.post("/cases/{case_id}/consents/{consent_id}/withdraw")
def withdrawn(visit: SignedIn, case_id: UUID, consent_id: UUID, form: Posted) -> Response:
    """Take a consent back: what was shared on it is called back at once."""
    command_id = visit.command_of(form)
    if consent_id not in {one.id for one in visit.ask(sharing_view, case_id).consents}:
        raise NotFoundError(kind="consent")
    withdraw_consent(visit.engine, consent_id, viewer=visit.viewer, command_id=command_id)
    return visit.go(f"/cases/{case_id}/consents", said="consent_back")


def _agreed(typed: Mapping[str, list[str]], zone: str) -> GivenConsent:
    one = {name: typed[name][0] for name in _ONE}
    problems = {}
    if not one["person_id"]:
        problems["person_id"] = "Choose a person."
    if one["kind"] not in shown.GIVEN_BY:
        problems["kind"] = "Choose who agreed."
    if problems:
        raise InvalidAnswersError(problems)
    try:
        person_id = UUID(one["person_id"])
    except ValueError:
        raise InvalidAnswersError({"person_id": "Choose a person."}) from None
    return GivenConsent(
        person_id=person_id, kind=GivenBy(one["kind"]), purposes=tuple(typed["purposes"]),
        recipients=tuple(typed["recipients"]), fields=fields_of(typed["parts"]),
        valid_until=_end_of(one["valid_until"], zone), language=one["language"],
        read_aloud={"yes": True, "no": False}.get(one["read_aloud"]),
        assent=one["assent"],
    )  # fmt: skip


def _end_of(day: str, zone: str) -> datetime | None:
    """Return the last instant of a day in the zone of the case; None for what is no day."""
    try:
        return datetime.combine(datetime.fromisoformat(day).date(), time(23, 59, 59), tzinfo=ZoneInfo(zone))
    except ValueError:
        return None


def _page(
    visit: Visit,
    case_id: UUID,
    *,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, list[str]] | None = None,
    command_id: UUID | None = None,
) -> Response:
    sharing = visit.ask(sharing_view, case_id)
    given: Mapping[str, list[str]] = typed or {}
    wrong = errors or {}

    def chosen(name: str) -> list[str]:
        return given.get(name, [])

    return visit.page(
        "consents.html",
        title=say("Consents, case {number}", number=sharing.number),
        section="track",
        status=422 if wrong else 200,
        zone=sharing.zone,
        sharing=sharing,
        may_keep=visit.may(Action.KEEP_CONSENTS),
        persons=shown.choices({str(one.id): one.name for one in sharing.persons}, chosen("person_id")),
        kinds=shown.choices(shown.GIVEN_BY, chosen("kind")),
        assents=shown.choices(shown.ASSENTS, chosen("assent")),
        purposes=shown.choices({**shown.ANY_PURPOSE, **shown.PURPOSES}, chosen("purposes")),
        recipients=shown.recipients(sharing, chosen("recipients")),
        parts=shown.parts(chosen("parts")),
        aloud=shown.choices({sent: words for sent, (words, _) in YES_NO.items()}, chosen("read_aloud")),
        languages=shown.choices(to_choose((chosen("language") or [""])[0]), chosen("language")),
        typed={"valid_until": (chosen("valid_until") or [""])[0]},
        errors=wrong,
        problems=shown.first_of(wrong, ("person_id", "kind", "assent", "purposes", "recipients", "parts",
                                        "valid_until", "language")),
        command_id=command_id or visit.new_command(),
    )  # fmt: skip
