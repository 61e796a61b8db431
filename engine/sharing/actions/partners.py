"""The directory of partners, and the link by which one without an account answers."""

import hashlib
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.audit.records import RecordedReading
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.case_links import Referral, ReferralStatus, require_unanswered
from engine.core.policy import Action, Viewer
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError
from engine.plugin.context import PartnerOffer, PartnerTold, local_day, start_of_day
from engine.sharing.actions.releasing import require_no_statement, statements_that_stay
from engine.sharing.actions.sharing import (
    follow_up,
    known_referral,
    note,
    notify_of,
    require_basis,
    wait_no_more,
    who_offered,
)
from engine.sharing.records.consent import ConsentError, PartnerPage
from engine.sharing.records.partners import (
    LONGEST,
    Partner,
    PartnerLink,
    PartnerLinkError,
    PartnerView,
    Score,
    offering,
    partner_id,
    quarter_before,
    scores_of,
    written,
)
from engine.sharing.store import PartnerLinkStore, PartnerStore, ReferralStore
from engine.sharing.views.sent import partner_page


class Directory(NamedTuple):
    """Who offers what was asked for, and how those who were asked by the viewer's units answered."""

    partners: tuple[Partner, ...]
    scores: tuple[Score, ...]


def read_directory(
    engine: Engine, *, viewer: Viewer, service: str = "", area: str = "", language: str = ""
) -> Directory:
    """Show the directory to anybody of the network, and the numbers of what their own units have asked.

    What was asked in a case that they do not see counts for nothing.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        known, asked = tx.of(PartnerStore).all(), tx.of(PartnerStore).asked_by(viewer)
    found = offering(known, service=service, area=area, language=language, now=now)
    return Directory(found, scores_of(asked, now=now))


def keep_partner(tx: Transaction, told: PartnerTold | None, *, now: datetime) -> None:
    """Write what a step says of a partner into the directory; a name of nobody writes nothing."""
    if told is None or not told.name.strip():
        return
    known = tx.of(PartnerStore).get(partner_id(told.name))
    tx.of(PartnerStore).save(written(known, told.name, asdict(told), at=now))


def offers(tx: Transaction, *, unit_id: UUID, zone: str, now: datetime) -> tuple[PartnerOffer, ...]:
    """Return the directory to a step that asks for a partner, those with free places first.

    With each stands how it answered what a unit asked of it in the quarter that has ended.
    """
    begin, end = (start_of_day(day, zone) for day in quarter_before(local_day(now, zone)))
    asked = tx.of(PartnerStore).asked_between(unit_id, begin, end)
    scores = {score.to.casefold(): score for score in scores_of(asked, now=now)}
    return tuple(
        PartnerOffer(
            one.name, one.services, one.areas, one.languages, one.capacity_free if one.counts_at(now) else None,
            one.takes_children, score.asked, score.in_time, score.late + score.silent,
        )
        for one in offering(tx.of(PartnerStore).all(), now=now)
        for score in (scores.get(one.name.casefold(), Score(one.name)),)
    )  # fmt: skip


_CODE: Final = re.compile(r"^[0-9]{6}$")
_PHONE: Final = re.compile(r"^\+?[0-9 ()./-]{5,39}$")
_REASON: Final = re.compile(r"^[a-z][a-z0-9_]{1,39}$")
_SENT: Final = frozenset({ReferralStatus.OFFERED, ReferralStatus.ACCEPTED})


@dataclass(frozen=True, slots=True)
class NewPartnerLink:
    """A link and its code, to be given by two ways; neither can be read again. `expires_at` in UTC."""

    path: str
    code: str
    expires_at: datetime


def make_partner_link(
    engine: Engine, referral_id: UUID, *, viewer: Viewer, command_id: UUID, days: int = LONGEST.days
) -> NewPartnerLink:
    """Make the link by which a partner outside the network answers; an earlier one of the same referral ends.

    Raises `InvalidAnswersError` for more than seven days, `ConflictError` for a command that was carried out already,
    `AlreadyEndedError` for what was not sent, was declined or called back, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    if not 1 <= days <= LONGEST.days:
        raise InvalidAnswersError({"days": f"Choose a number of days from 1 to {LONGEST.days}."})
    token = engine.entropy.token()
    code = f"{int.from_bytes(hashlib.sha256(engine.entropy.token().encode()).digest()) % 10**6:06d}"
    code_hash = engine.passwords.hash(code)
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(known_referral(tx, referral_id).case_id)
        referral = known_referral(tx, referral_id)
        require_member(viewer, state, Action.REFER)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            raise ConflictError(kind="link")
        if referral.to_unit_id or referral.to_hub_id or referral.status not in _SENT:
            raise AlreadyEndedError(kind="referral")
        for earlier in tx.of(PartnerLinkStore).of_referral(referral_id):
            tx.of(PartnerLinkStore).save(earlier.ended(now, "replaced"))
        link = PartnerLink(
            id=engine.entropy.uuid(), referral_id=referral_id, case_id=state.case.id, unit_id=state.case.unit_id,
            token_hash=_hash(token), code_hash=code_hash, made_by=viewer.actor_id, made_at=now,
            expires_at=now + timedelta(days=days),
        )  # fmt: skip
        tx.of(PartnerLinkStore).add(link)
        note(tx, state, "PartnerLinkMade", referral, by=viewer.actor_id, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"link": str(link.id)}, case_id=state.case.id, at=now)
        tx.commit()
        return NewPartnerLink(f"/p/{token}", code, link.expires_at)


def open_partner_link(engine: Engine, token: str, *, code: str) -> str:
    """Open a link with its code, once; returns the secret of the sitting. Raises `PartnerLinkError`.

    It is refused in the same words whether there is no such link, its code is wrong, or it can be opened no more. Five
    wrong codes end it.
    """
    now = engine.clock.now()
    session = engine.entropy.token()
    with engine.transaction() as tx:
        link = tx.of(PartnerLinkStore).by_token(_hash(token))
        can_open = link is not None and link.takes_code(now)
        is_right = engine.passwords.verify(code, link.code_hash if link is not None and can_open else None)
        if link is not None and can_open:
            opens = is_right and _CODE.fullmatch(code) is not None
            tx.of(PartnerLinkStore).save(link.opened(_hash(session), now) if opens else link.missed(now))
            _note_view(engine, tx, link, "opened" if opens else "wrong_code", now)
            tx.commit()
            if opens:
                return session
    raise PartnerLinkError


def read_by_link(engine: Engine, token: str, session: str) -> PartnerPage:
    """Show the referral of an open link, and record that it was looked at before anything is shown.

    What was agreed and may leave the case no more is left out: a statement of somebody who is a suspect by now.
    Raises `PartnerLinkError` when it is not open in this sitting.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        link, state = _open_link(tx, token, session, now)
        referral = known_referral(tx, link.referral_id)
        _require_still_allowed(tx, state, referral, now)
        stay = statements_that_stay(engine, tx, state, referral)
        page = engine.ask_all(partner_page, referral.id, tx.of(ReferralStore).note(referral.id), without=stay)
        _record(engine, tx, state, link, "read", len(page.lines), now)
        tx.commit()
        until = min(link.session_until or link.expires_at, link.expires_at)
        return page.model_copy(update={"until": until})


def answer_by_link(
    engine: Engine, token: str, session: str, *, accepts: bool, reason_code: str = "", phone: str = ""
) -> None:
    """Accept or decline by an open link; the same answer a second time changes nothing.

    Who accepts leaves a number at which they can be rung. Raises `PartnerLinkError`, `AlreadyEndedError`,
    `ConsentError`, `InvalidAnswersError` for no such number, and for no reason to decline.
    """
    if not accepts and not _REASON.fullmatch(reason_code):
        raise InvalidAnswersError({"reason_code": "Choose a reason."})
    if accepts and not _PHONE.fullmatch(phone):
        raise InvalidAnswersError({"phone": "Give a telephone number, in digits."})
    now = engine.clock.now()
    status = ReferralStatus.ACCEPTED if accepts else ReferralStatus.DECLINED
    with engine.transaction() as tx:
        link, state = _open_link(tx, token, session, now)
        referral = known_referral(tx, link.referral_id)
        if referral.status is status:
            return
        answer_from_outside(engine, tx, state, referral, accepts=accepts, reason_code=reason_code, now=now)
        _note_view(engine, tx, link, status.value, now)
        if accepts:
            tx.of(ReferralStore).keep_phone(referral, phone)
        else:
            tx.of(PartnerLinkStore).save(link.ended(now, "declined"))
        tx.commit()


def answer_from_outside(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    referral: Referral,
    *,
    accepts: bool,
    reason_code: str,
    now: datetime,
) -> None:
    """Write what a partner outside the network has answered, however it came.

    Accepting takes that on which the referral rests. Raise `AlreadyEndedError`, `ConsentError`.
    """
    require_unanswered(referral)
    if accepts:
        require_basis(tx, state, referral, now=now)
        require_no_statement(engine, tx, state, referral)
    status = ReferralStatus.ACCEPTED if accepts else ReferralStatus.DECLINED
    changes = {"status": status, "answered_at": now, "reason_code": "" if accepts else reason_code}
    answered = referral.model_copy(update=changes)
    tx.of(ReferralStore).save(answered)
    _answered(engine, tx, state, answered, now)


def _require_still_allowed(tx: Transaction, state: CaseState, referral: Referral, now: datetime) -> None:
    """Refuse a look once the consent has run out or the case is sealed, whether a job has noticed it or not."""
    try:
        require_basis(tx, state, referral, now=now)
    except ConsentError:
        raise PartnerLinkError from None


def _answered(engine: Engine, tx: Transaction, state: CaseState, referral: Referral, now: datetime) -> None:
    name = "ReferralAccepted" if referral.status is ReferralStatus.ACCEPTED else "ReferralDeclined"
    after = note(tx, state, name, referral, by=None, now=now)
    if referral.status is ReferralStatus.ACCEPTED:
        after = follow_up(engine, tx, after, referral, now=now)
    after = wait_no_more(engine, tx, after, referral, by=None, now=now)
    notify_of(engine, tx, after, referral, "answered", who_offered(tx, after, referral, now), now)


def _open_link(tx: Transaction, token: str, session: str, now: datetime) -> tuple[PartnerLink, CaseState]:
    """Load an open link with its case, which is locked first: whoever makes links does it in this order too."""
    seen = tx.of(PartnerLinkStore).by_token(_hash(token), hold=False)
    if seen is None or not session:
        raise PartnerLinkError
    state = tx.of(CaseStore).lock(seen.case_id)
    link = tx.of(PartnerLinkStore).by_token(_hash(token))
    if link is None or not link.is_open_in(_hash(session), now):
        raise PartnerLinkError
    return link, state


def _record(
    engine: Engine, tx: Transaction, state: CaseState, link: PartnerLink, what: str, count: int, now: datetime
) -> None:
    """Write into the history of the case that a partner has looked, and at how many answers."""
    _note_view(engine, tx, link, what, now, count=count)
    if count:
        read = RecordedReading(link.case_id, None, now, "partner_page", link.referral_id, ("shared",), ("partner",))
        tx.of(AuditLogStore).note_reading(read)
    body = {"referral_id": str(link.referral_id), "what": what, "count": count}
    tx.of(CaseStore).note(state, "PartnerLinkUsed", body, actor_id=None, at=now)


def _note_view(engine: Engine, tx: Transaction, link: PartnerLink, what: str, now: datetime, *, count: int = 0) -> None:
    view = PartnerView(
        id=engine.entropy.uuid(), link_id=link.id, case_id=link.case_id, unit_id=link.unit_id, at=now, what=what,
        count=count,
    )  # fmt: skip
    tx.of(PartnerLinkStore).note_view(view)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
