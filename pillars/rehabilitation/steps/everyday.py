"""What counselling, learning and help from the State propose."""

from datetime import datetime, timedelta
from typing import Any

from engine.plugin import Asked, Concluded, FollowUp, Form, Prepared, StepContext
from pillars.rehabilitation.forms import (
    ASK_AGAIN_DAYS,
    ASK_FOR_CASH_DAYS,
    LOW_SCORE_DAYS,
    NEXT_SESSION_DAYS,
    OFTEN_THERE,
    REVIEW_DAYS,
    CounselForm,
    EntitlementsForm,
    FirstNeeds,
    LearningForm,
)


class Counsel(
    Asked[CounselForm],
    key="rehabilitation.counsel",
    title="Counselling session",
    roles=("counsellor",),
    stays_with=("protection.health",),
    time_limit="P7D",
    follow_ups={
        "next_session": FollowUp(
            uses="rehabilitation.counsel",
            title="Counselling: the next session",
            when="this.next > case.now",
            otherwise="end",
            due="next",
            opens_before="P2D",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the next session and the language."""
        before = context.earlier("rehabilitation.counsel", CounselForm)
        prefill: dict[str, Any] = {"next": (context.today + timedelta(days=NEXT_SESSION_DAYS)).isoformat()}
        lang = before.lang or context.earlier("rescue.first_needs", FirstNeeds).language
        if lang:
            prefill["lang"] = lang
        return Prepared(prefill=prefill)

    def conclude(self, answers: CounselForm, context: StepContext) -> Concluded:
        """Say no more than that a session was held; how great the risk was stays with counsellors."""
        return Concluded(facts={"was_counselled": True})


class Learning(
    Asked[LearningForm],
    key="rehabilitation.learning",
    title="Education or skills enrolment",
    roles=("caseworker", "shelter_manager"),
    stays_with=("rehabilitation.care_plan",),
    time_limit="P30D",
    computes={"ask_on": datetime},
    follow_ups={
        "learning_review": FollowUp(
            uses="rehabilitation.learning",
            title="School or training: how is it going?",
            otherwise="end",
            due="ask_on",
            opens_before="P7D",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over where the person learns, or propose to begin today."""
        names = ("track", "provider", "start", "stipend", "savings_account")
        told = context.told_before("rehabilitation.learning", *names)
        if told:
            return Prepared(
                prefill=told, notes=("Ask how it is going: attendance, money, how others treat the person.",)
            )
        today = context.today
        return Prepared(prefill={"start": today.isoformat()}, notes=("The school or trainer does not learn why.",))

    def conclude(self, answers: LearningForm, context: StepContext) -> Concluded:
        """Ask every 90 days how it goes until there is a certificate; many days missed is a sign of its own."""
        attendance = answers.attendance
        is_away = attendance is not None and attendance < OFTEN_THERE
        notes = ["The person is often away: ask why, alone. It can be a sign of danger."] if is_away else []
        if answers.stipend is not None:
            notes += Form.unless_yes(
                answers.savings_account,
                no="The person receives money but has no account: open one in their name.",
                unknown="The person gets money: ask whether they have an account, and open one in their name if not.",
            )
        day = context.today + timedelta(days=LOW_SCORE_DAYS if is_away else REVIEW_DAYS)
        has_certificate = bool(answers.certificate)
        return Concluded(
            facts={"is_learning": True, "has_certificate": has_certificate}, notes=tuple(notes),
            computed={"ask_on": None if has_certificate else day},
        )  # fmt: skip


class Entitlements(
    Asked[EntitlementsForm],
    key="rehabilitation.entitlements",
    title="Identity papers and schemes",
    roles=("caseworker", "case_manager"),
    stays_with=("rehabilitation.care_plan",),
    time_limit="P30D",
    computes={"ask_on": datetime},
    follow_ups={
        "entitlement": FollowUp(
            uses="rehabilitation.entitlements",
            title="Help from the State: was it granted?",
            otherwise="end",
            when="!has(this.granted_on)",
            due="ask_on",
            opens_before="P0D",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over what was applied for, or propose to apply today."""
        names = ("scheme", "papers_missing", "applied_on", "ref_no", "granted_on", "amount", "bank_ready")
        told = context.told_before("rehabilitation.entitlements", *names)
        prefill: dict[str, Any] = {"applied_on": context.today.isoformat()}
        return Prepared(prefill=prefill | told)

    def conclude(self, answers: EntitlementsForm, context: StepContext) -> Concluded:
        """Ask again after 30 days until the help is granted; for help at once for bonded labour the next day."""
        is_granted, has_account = bool(answers.granted_on), answers.bank_ready is True
        notes = []
        if is_granted and not has_account:
            notes.append("Help was granted, and no account is known to be ready for it: open one.")
        is_first = not context.earlier("rehabilitation.entitlements", EntitlementsForm)
        days = ASK_FOR_CASH_DAYS if is_first and "bonded_labour_cash" in answers.scheme else ASK_AGAIN_DAYS
        ask_on = context.today + timedelta(days=days)
        return Concluded(facts={"help_was_granted": is_granted}, notes=tuple(notes), computed={"ask_on": ask_on})
