"""The step types of partnership."""

from datetime import datetime, timedelta
from typing import Any

from engine.plugin import (
    Asked,
    Completed,
    Concluded,
    Document,
    FollowUp,
    Form,
    NoSettings,
    OrganisationRef,
    Pillar,
    Prepared,
    StepContext,
    Text,
    automatic,
)
from pillars.partnership.entries import fitting, told_of
from pillars.partnership.forms import AccessForm, ConferenceForm, DirectoryForm, OnboardForm, ReviewForm

AGREEMENT_DAYS = 365
RENEW_DAYS_BEFORE = 60
ENTRY_DAYS = 90
ACCESS_DAYS = 90
UNUSED_DAYS = 90
"""Practice of the network: how long an agreement, an entry and an access last, and when to see to them."""
_UNTRAINED = "Access has to wait until the person has been trained to keep data safe."
HOUR = timedelta(hours=1)
EVERYTHING, MOST_NAMED = 100, 3


class SilenceSettings(NoSettings):
    """Which step of the workflow asked the partner, and how many hours of grace the partner has."""

    from_step: str = "reporting.refer"
    asked_until: str = "accept_by"
    accepted: str = "accepted_at"
    declined: str = "declined_reason"
    grace_hours: int = 0


class Onboard(
    Asked[OnboardForm],
    key="partnership.onboard",
    title="Partner onboarding",
    roles=("partnership_manager",),
    documents=(Document("partner-mou", "Memorandum of understanding: summary"),),
    time_limit="P30D",
    computes={"renew_at": datetime},
    follow_ups={
        "agreement": FollowUp(
            uses="partnership.onboard",
            title="Renew the agreement, or let it end",
            opens="renew_at",
            due="mou_to",
            roles=("partnership_manager",),
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        today = context.today
        return Prepared(
            prefill={"mou_from": today.isoformat(), "mou_to": (today + timedelta(days=AGREEMENT_DAYS)).isoformat()},
        )

    def conclude(self, answers: OnboardForm, context: StepContext) -> Concluded:
        """Put the partner into the directory, and watch the end of the agreement from sixty days before it."""
        ends, begins = answers.mou_to, answers.mou_from
        vetted = answers.vetted_on
        if ends is None:
            return Concluded(partner=told_of(answers))
        is_late = vetted is not None and begins is not None and vetted > begins
        ends_at = context.end_of(ends)
        renew_at = context.end_of(ends - timedelta(days=RENEW_DAYS_BEFORE))
        return Concluded(
            facts={"agreement_ends_at": ends_at, "renew_agreement_at": renew_at},
            notes=("The partner was checked only after the agreement had begun.",) if is_late else (),
            computed={"renew_at": renew_at},
            partner=told_of(answers),
        )


class Directory(
    Asked[DirectoryForm],
    key="partnership.directory",
    title="Service directory update",
    roles=("partnership_manager", "caseworker"),
    time_limit="PT24H",
    follow_ups={
        "entry": FollowUp(
            uses="partnership.directory",
            title="Ask the partner how many places are free",
            due="valid_until",
            opens_before="PT24H",
            roles=("partnership_manager",),
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        kept = ("org", "service", "capacity_total", "takes_men", "takes_children", "takes_foreigners")
        prefill = context.told_before("partnership.directory", *kept)
        org = context.earlier("partnership.onboard", OnboardForm).org
        if org and "org" not in prefill:
            prefill["org"] = org
        return Prepared(prefill=prefill | {"valid_until": (context.now + timedelta(days=ENTRY_DAYS)).isoformat()})

    def conclude(self, answers: DirectoryForm, context: StepContext) -> Concluded:
        """Write what the partner offers into the directory, and ask again before nobody can rely on it."""
        free = answers.capacity_free
        facts: dict[str, Any] = {} if free is None else {"partner_has_place": free > 0}
        valid_until = answers.valid_until
        partner = told_of(answers, context.earlier("partnership.onboard", OnboardForm))
        if valid_until is not None:
            facts["directory_entry_ends_at"] = valid_until
        return Concluded(facts=facts, partner=partner)


class Conference(
    Asked[ConferenceForm],
    key="partnership.conference",
    title="Case conference",
    roles=("case_manager", "supervisor"),
    time_limit="PT48H",
    follow_ups={
        "conference": FollowUp(
            uses="partnership.conference",
            title="Case conference",
            due="next",
            opens_before="PT48H",
            roles=("case_manager", "supervisor"),
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        return Prepared(
            prefill={"case": context.case_number}, notes=("Share who the person is only with those who need to know.",)
        )

    def conclude(self, answers: ConferenceForm, context: StepContext) -> Concluded:
        return Concluded(facts={"conference_held": True})


class Review(
    Asked[ReviewForm],
    key="partnership.review",
    title="Joint performance review",
    roles=("partnership_manager", "supervisor"),
    documents=(Document("partner-scorecard", "Scorecard"),),
    time_limit="P3M",
    reads=("partners",),
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the quarter that has ended, and what the system counted of it; nothing of that is typed."""
        today = context.today
        first = (today.month - 1) // 3 * 3 + 1
        begin, end = (
            StepContext.add_months(today.replace(month=first, day=1), -3),
            StepContext.add_months(today.replace(month=first, day=1), -1),
        )
        period = f"{begin:%B} to {end:%B %Y}" if begin.year == end.year else f"{begin:%B %Y} to {end:%B %Y}"
        counted, notes = _counted(context)
        return Prepared(
            prefill={"period": period} | counted, notes=(*notes, "The page Partners shows how each partner answered.")
        )

    def conclude(self, answers: ReviewForm, context: StepContext) -> Concluded:
        causes = answers.causes
        breaches = answers.breaches or 0
        on_time = answers.on_time_pct
        checks = (
            (breaches > 0 and causes == ("none",), "Limits were missed, but no reason is given."),
            (
                answers.breaches == 0 and on_time is not None and on_time < EVERYTHING,
                "Not all limits were kept, yet none is recorded as missed.",
            ),
            (breaches > 0 and answers.actions == ("none",), "Limits were missed, but nothing is planned."),
        )
        return Concluded(notes=tuple(sentence for is_seen, sentence in checks if is_seen))


class Access(
    Asked[AccessForm],
    key="partnership.access",
    title="Access grant or review",
    roles=("nodal_officer", "data_protection_officer"),
    time_limit="P90D",
):
    def prepare(self, context: StepContext) -> Prepared:
        today = context.today
        return Prepared(
            prefill={"from": today.isoformat(), "to": (today + timedelta(days=ACCESS_DAYS)).isoformat()},
        )

    def conclude(self, answers: AccessForm, context: StepContext) -> Concluded:
        if answers.is_colleague is True and answers.changes and answers.colleague:
            until = context.end_of(answers.until) if answers.until and answers.role else None
            access = Concluded.Access(answers.colleague, answers.changes, answers.role or "", until)
            return _of_a_colleague(answers, access)
        last_used = answers.last_used
        checks = (
            (
                answers.training_done is not True,
                _UNTRAINED,
            ),
            (
                last_used is not None and context.now - last_used > timedelta(days=UNUSED_DAYS),
                "The access was not used for 90 days: end it.",
            ),
        )
        has_ended = answers.scope == ("none",)
        notes = () if has_ended else tuple(sentence for is_seen, sentence in checks if is_seen)
        return Concluded(facts={"access_has_ended": has_ended}, notes=notes)


@automatic(
    "partnership.silence",
    title="Has the partner not answered?",
    outputs={
        "is_silent": bool,
        "offer_second": bool,
        "silent_hours": int,
    },
    settings=SilenceSettings,
    reads=("partners",),
)
def silence(context: StepContext) -> Completed:
    """Return whether a partner has not answered in time, so that a second partner can be asked."""
    settings = context.settings_as(SilenceSettings)
    asked, until = settings.from_step, context.told_instant(settings.from_step, settings.asked_until)
    has_accepted, has_declined = (
        any(context.told_before(asked, name).values()) for name in (settings.accepted, settings.declined)
    )
    late = context.now - until - timedelta(hours=settings.grace_hours) if until is not None else timedelta(0)
    is_silent = late > timedelta(0) and not has_accepted and not has_declined
    offer_second = is_silent or (has_declined and not has_accepted)
    notes = _second(context, context.earlier(asked, Referral), is_silent=is_silent) if offer_second else ()
    return Completed(
        outputs={
            "is_silent": is_silent,
            "offer_second": offer_second,
            "silent_hours": int(late / HOUR) if is_silent else 0,
        },
        notes=notes,
    )


def _of_a_colleague(answers: AccessForm, access: Concluded.Access) -> Concluded:
    """Ask for the role, or let roles end: no role before the colleague has been trained."""
    if access.change == "role_given" and answers.training_done is not True:
        return Concluded(facts={"access_has_ended": False}, notes=(_UNTRAINED,))
    return Concluded(facts={"access_has_ended": access.change == "all_ended"}, access=access)


def _counted(context: StepContext) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the numbers of the partner whom the review is about, and the sentence that tells them."""
    name = (
        context.earlier("partnership.onboard", OnboardForm).org
        or context.earlier("partnership.directory", DirectoryForm).org
    )
    found = next((one for one in context.partners() if name and one.name.casefold() == name.casefold()), None)
    if found is None:
        return {}, ()
    numbers: dict[str, Any] = {"cases_in": found.asked, "breaches": found.late}
    answered = found.in_time + found.late
    if answered:
        numbers["on_time_pct"] = EVERYTHING * found.in_time // answered
    said = f"asked {found.asked}, answered in time {found.in_time}, late or not at all {found.late}"
    return numbers, (f"Counted of {found.name}: {said}.",)


class Referral(Form):
    """What is read of a step that asked a partner, such as `reporting.refer`."""

    to_org: OrganisationRef | None = None
    purpose: Text | None = None


def _second(context: StepContext, asked: Referral, *, is_silent: bool) -> tuple[str, ...]:
    """Name whom to ask second: who offers the same in the same place, and is not the one who was asked."""
    first = (asked.to_org or "").casefold()
    others = [one.name for one in fitting(context, str(asked.purpose)) if one.name.casefold() != first]
    said = "The partner has not answered in time" if is_silent else "The partner has declined"
    named = f" The directory names: {', '.join(others[:MOST_NAMED])}." if others else ""
    return (f"{said}: ask a second partner.{named}",)


PILLAR = Pillar(
    key="partnership",
    name="Partnership",
    letter="P",
    summary="Organisations with their own mandate work through one centre: agreements, places, conferences, access.",
    step_types=(Onboard, Directory, Conference, Review, Access, silence),
)
