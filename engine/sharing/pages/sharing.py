"""What may be shared of a case: the ledger of its consents, and sending it, on what ground, in which fields."""

from collections.abc import Mapping
from datetime import datetime, time
from functools import partial
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.case_links import ReferralKind
from engine.core.policy import Action
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.hubs.views import hubs_to_ask
from engine.people.records import to_choose
from engine.plugin.kinds import YES_NO
from engine.sharing.actions.consents import GivenConsent, record_consent, withdraw_consent
from engine.sharing.actions.partners import make_partner_link
from engine.sharing.actions.referrals import ReferralRequest, offer_referral, recall_referral, reroute_referral
from engine.sharing.actions.releasing import prepared_referral, release_referral
from engine.sharing.records.consent import ConsentError, GivenBy, fields_of, rights_of
from engine.sharing.records.partners import PreparedReferral
from engine.sharing.views.sharing import sharing as sharing_view
from engine.web import words as shown
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import say
from engine.web.posted import FIRST, Again, as_uuid, text, texts, typed, uuid_or_none, whole_number
from engine.web.visit import Visit

router = APIRouter()
_MANY: Final = ("purposes", "recipients", "parts")
_ONE: Final = ("person_id", "kind", "assent", "valid_until", "language", "read_aloud")

NEXT, OUTSIDE, HUB = "next", "outside", "hub:"
_ORDER = (
    "kind", "to", "to_unit_id", "to_name", "purpose", "help", "urgency", "basis", "parts", "rights", "persons",
    "keep_days", "note",
)  # fmt: skip


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


@router.get("/cases/{case_id}/sent")
def sent(visit: SignedIn, case_id: UUID) -> Response:
    """Show what was sent to whom, on what ground, released by whom, answered when."""
    return _sent_page(visit, case_id)


@router.get("/cases/{case_id}/send")
def ask(visit: SignedIn, case_id: UUID, step: UUID | None = None) -> Response:
    """Ask what is to be sent, to whom and on what; with a step, what it ended with is filled in."""
    found = prepared_referral(visit.engine, case_id, step, viewer=visit.viewer) if step else None
    if found is None:
        return _form_page(visit, case_id)
    return _form_page(visit, case_id, again=Again(typed=_given(found)), parts=list(found.parts))


@router.post("/cases/{case_id}/send")
def offered(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Send it, or let it wait for those who must release it."""
    visit.must(Action.REFER, case_id)
    command_id = visit.command_of(form)
    given = typed(form)
    parts, rights, persons = texts(form, "parts"), texts(form, "rights"), texts(form, "persons")
    shown_again = partial(_form_page, visit, case_id, parts=parts, rights=rights, persons=persons)
    try:
        to, wanted = _wanted(given, parts, rights, persons)
        offer_referral(visit.engine, case_id, viewer=visit.viewer, command_id=command_id, to_unit_id=to, wanted=wanted)
    except InvalidAnswersError as error:
        return shown_again(again=Again(_named(error.problems), given, command_id))
    except ConsentError as error:
        return shown_again(again=Again({"basis": str(error)}, given, command_id))
    return visit.go(f"/cases/{case_id}/sent", said="sent")


@router.post("/cases/{case_id}/sent/{referral_id}/release")
def released(visit: SignedIn, case_id: UUID, referral_id: UUID, form: Posted) -> Response:
    """Answer for what leaves."""
    _require_of_case(visit, case_id, referral_id)
    command_id = visit.command_of(form)
    try:
        has_left = release_referral(visit.engine, referral_id, viewer=visit.viewer, command_id=command_id)
    except (NotAllowedError, ConsentError, AlreadyEndedError) as error:
        return _sent_page(visit, case_id, again=Again({f"of-{referral_id}": str(error)}))
    return visit.go(f"/cases/{case_id}/sent", said="released_it" if has_left else "released_once")


@router.post("/cases/{case_id}/sent/{referral_id}/recall")
def recalled(visit: SignedIn, case_id: UUID, referral_id: UUID, form: Posted) -> Response:
    """Call it back, or end what was accepted."""
    _require_of_case(visit, case_id, referral_id)
    command_id = visit.command_of(form)
    try:
        recall_referral(visit.engine, referral_id, viewer=visit.viewer, command_id=command_id)
    except AlreadyEndedError as error:
        return _sent_page(visit, case_id, again=Again({f"of-{referral_id}": str(error)}))
    return visit.go(f"/cases/{case_id}/sent", said="called_back")


@router.post("/cases/{case_id}/sent/{referral_id}/reroute")
def rerouted(visit: SignedIn, case_id: UUID, referral_id: UUID, form: Posted) -> Response:
    """Ask the next unit, or another one that was chosen."""
    _require_of_case(visit, case_id, referral_id)
    command_id = visit.command_of(form)
    to = uuid_or_none(form, "to_unit_id")
    try:
        reroute_referral(visit.engine, referral_id, viewer=visit.viewer, command_id=command_id, to_unit_id=to)
    except InvalidAnswersError as error:
        return _sent_page(visit, case_id, again=Again({f"of-{referral_id}": next(iter(error.problems.values()))}))
    except (ConsentError, AlreadyEndedError) as error:
        return _sent_page(visit, case_id, again=Again({f"of-{referral_id}": str(error)}))
    return visit.go(f"/cases/{case_id}/sent", said="sent")


@router.post("/cases/{case_id}/sent/{referral_id}/link")
def linked(visit: SignedIn, case_id: UUID, referral_id: UUID, form: Posted) -> Response:
    """Make a link and its code, and show them once."""
    _require_of_case(visit, case_id, referral_id)
    command_id = visit.command_of(form)
    try:
        link = make_partner_link(
            visit.engine, referral_id, viewer=visit.viewer, command_id=command_id, days=whole_number(form, "days")
        )
    except InvalidAnswersError as error:
        return _sent_page(visit, case_id, again=Again({f"of-{referral_id}": next(iter(error.problems.values()))}))
    except (AlreadyEndedError, ConflictError) as error:
        return _sent_page(visit, case_id, again=Again({f"of-{referral_id}": str(error)}))
    sharing = visit.ask(sharing_view, case_id)
    return visit.page(
        "partner-link.html",
        title="A link for the partner",
        section="track",
        zone=sharing.zone,
        sharing=sharing,
        address=f"{visit.engine.portal_url}{link.path}",
        code=link.code,
        expires_at=link.expires_at,
    )


def _require_of_case(visit: Visit, case_id: UUID, referral_id: UUID) -> None:
    """Refuse an address that names a referral of another case, also of one's own."""
    if referral_id not in {one.id for one in visit.ask(sharing_view, case_id).sent}:
        raise NotFoundError(kind="referral")


def _wanted(
    given: Mapping[str, str], parts: list[str], rights: list[str], persons: list[str]
) -> tuple[UUID | None, ReferralRequest]:
    """Read what is wanted; raises `InvalidAnswersError`."""
    offered = {"kind": shown.KINDS, "purpose": shown.PURPOSES, "help": shown.HELP, "urgency": shown.URGENCIES}
    problems = {
        name: "Choose one of the answers offered." for name, known in offered.items() if given.get(name) not in known
    }
    to, basis = given.get("to", ""), given.get("basis", "")
    if not to:
        problems["to"] = "Choose who you are asking."
    if to == OUTSIDE and not (given.get("to_name") and given.get("to_kind") in shown.BODIES):
        problems["to_name"] = "Say who the partner is, and choose what kind of body it is."
    if parts and not basis:
        problems["basis"] = "Choose the consent or the law on which it is shared."
    if problems:
        raise InvalidAnswersError(problems)
    sort, _, value = basis.partition(":")
    return as_uuid(to), ReferralRequest(
        kind=ReferralKind(given["kind"]), purpose=given["purpose"], help=given["help"], urgency=given["urgency"],
        fields=(*fields_of(parts), *rights_of(rights)),
        persons=tuple(found for one in persons if (found := as_uuid(one))),
        consent_id=as_uuid(value) if sort == "consent" else None,
        ground=value if sort == "ground" else "", keep_days=int(given["keep_days"]) if given.get("keep_days") in
        shown.KEEP_DAYS else 0, note=given.get("note", ""),
        to_name=given.get("to_name", "")[:200] if to == OUTSIDE else "",
        to_kind=given.get("to_kind", "") if to == OUTSIDE else "",
        to_hub_id=as_uuid(to.removeprefix(HUB)) if to.startswith(HUB) else None,
    )  # fmt: skip


def _given(found: PreparedReferral) -> dict[str, str]:
    """Fill the form in with what a step ended with."""
    return {
        "kind": found.kind, "to": str(found.to_unit_id or OUTSIDE), "to_name": found.to_name, "to_kind": found.to_kind,
        "purpose": found.purpose, "urgency": found.urgency, "basis": f"consent:{found.consent_id}",
    }  # fmt: skip


def _named(problems: Mapping[str, str]) -> dict[str, str]:
    """Call what does not fit as the form does."""
    return {{"fields": "parts", "to_unit_id": "to"}.get(name, name): said for name, said in problems.items()}


def _sent_page(visit: Visit, case_id: UUID, *, again: Again = FIRST) -> Response:
    sharing = visit.ask(sharing_view, case_id)
    return visit.page(
        "sent.html",
        title=say("What was sent, case {number}", number=sharing.number),
        section="track",
        zone=sharing.zone,
        sharing=sharing,
        may_send=visit.may(Action.REFER),
        may_release=visit.may(Action.RELEASE),
        again=again,
    )


def _form_page(
    visit: Visit,
    case_id: UUID,
    *,
    again: Again = FIRST,
    parts: list[str] | None = None,
    rights: list[str] | None = None,
    persons: list[str] | None = None,
) -> Response:
    sharing = visit.ask(sharing_view, case_id)
    before = again.typed
    units = {NEXT: "The next unit of this place", **{str(one.id): one.name for one in sharing.units}}
    units |= {f"{HUB}{one.id}": f"Another hub: {one.name}" for one in visit.ask(hubs_to_ask)}
    units[OUTSIDE] = "A partner outside the network"

    def chosen(name: str) -> list[str]:
        return [before[name]] if before.get(name) else []

    return visit.page(
        "send.html",
        title=say("Send case {number}", number=sharing.number),
        section="track",
        zone=sharing.zone,
        sharing=sharing,
        kinds=shown.choices(shown.KINDS, chosen("kind") or ["referral"]),
        units=shown.choices(units, chosen("to")),
        bodies=shown.choices(shown.BODIES, chosen("to_kind")),
        purposes=shown.choices(shown.PURPOSES, chosen("purpose")),
        help=shown.choices(shown.HELP, chosen("help")),
        urgencies=shown.choices(shown.URGENCIES, chosen("urgency")),
        bases=shown.bases(sharing, before.get("basis", "")),
        parts=shown.parts(parts or ()),
        rights=shown.rights(rights or ()),
        persons=shown.choices({str(one.id): one.name for one in sharing.persons}, persons or ()),
        keep_days=shown.choices(shown.KEEP_DAYS, chosen("keep_days") or ["0"]),
        typed={name: before.get(name, "") for name in ("to_name", "note")},
        again=again,
        problems=shown.first_of(again.errors, _ORDER),
    )
