"""What the work of the investigators proposes: their plan, the medical examination, news for the survivor."""

from datetime import datetime, timedelta

from engine.plugin import Asked, Concluded, Document, FollowUp, Law, Prepared, StepContext
from pillars.policing.follow_ups import AFTER_AN_ARREST, AFTER_NEWS, ARREST, next_news, of_an_arrest, of_news
from pillars.policing.forms import AhtuForm, ChargesheetForm, FirstNeeds, Intake, MedicalForm, Triage, UpdateForm

_REPORT_DAYS, _REVIEW_DAYS = 7, 7
"""Promises of the network: no pack of law has them."""


class Ahtu(
    Asked[AhtuForm],
    key="policing.ahtu",
    title="AHTU assignment and plan",
    roles=("ahtu_officer", "police_liaison"),
    documents=(Document("investigation-plan", "Assignment and plan of the investigation", leaves=False),),
    time_limit="PT24H",
    computes=ARREST,
    follow_ups={
        "ahtu_review": FollowUp(
            uses="policing.ahtu", title="Review the plan of the investigation", due="next_review", opens_before="P0D"
        ),
        "special_report": FollowUp(
            uses="policing.ahtu", title="The special report is due", due="special_report_due", opens_before="P3D"
        ),
        **AFTER_AN_ARREST,
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the next look at the plan, and take over who investigates."""
        review = (context.today + timedelta(days=_REVIEW_DAYS)).isoformat()
        crosses = context.earlier("reporting.triage", Triage).border_crossing_risk
        known = ("io_name", "io_contact", "unit", "plan", "other_units", "interstate", "inquiry_heads")
        told = Prepared.given(interstate=True if crosses is True else None) | context.told_before(
            "policing.ahtu", *known
        )
        return Prepared(prefill=told | {"next_review": review})

    def conclude(self, answers: AhtuForm, context: StepContext) -> Concluded:
        return Concluded(
            facts={"investigator_named": True},
            computed=of_an_arrest(answers.arrested_at, context),
        )


class Medical(
    Asked[MedicalForm],
    key="policing.medical",
    title="Medical examination",
    roles=("police_liaison", "ahtu_officer", "medical_officer"),
    stays_with=("policing.fir",),
    documents=(Document("medical-request", "Request for care and a medical examination", on="prepare"),),
    time_limit=Law("IN-MED-RAPE"),
    follow_ups={
        "medical_report": FollowUp(
            uses="policing.medical",
            title="Has the report of the examination come?",
            when="!has(this.report_received)",
            otherwise="end",
            due="report_due",
            opens_before="P0D",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose when the report is due, and take over what was told."""
        due = (context.today + timedelta(days=_REPORT_DAYS)).isoformat()
        known = ("consent_at", "hospital", "sent_at", "examined_at", "report_due")
        return Prepared(prefill={"report_due": due} | context.told_before("policing.medical", *known))


class Update(
    Asked[UpdateForm],
    key="policing.update",
    title="Progress notice for the person",
    roles=("police_liaison", "ahtu_officer"),
    stays_with=("policing.fir",),
    documents=(
        Document("progress-letter-draft", "Progress letter, to be read aloud", on="prepare", leaves=False),
        Document("progress-letter", "Progress letter"),
    ),
    time_limit=Law("IN-VICTIM-90D"),
    computes={"next_news_on": datetime},
    follow_ups=AFTER_NEWS,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose by when the survivor hears how it goes, in which language, and how far it is."""
        language = (
            context.earlier("policing.update", UpdateForm).read_to_survivor_in
            or context.earlier("rescue.first_needs", FirstNeeds).language
            or context.earlier("reporting.intake", Intake).language
        )
        filed = context.earlier("policing.chargesheet", ChargesheetForm).filed_on
        stage = "charge_sheet_filed" if filed else context.earlier("policing.update", UpdateForm).stage
        told = Prepared.given(due_on=next_news(context), read_to_survivor_in=language, stage=stage)
        return Prepared(
            prefill=told, notes=("A letter is prepared. Read it aloud; leave it with the person only if that is safe.",)
        )

    def conclude(self, answers: UpdateForm, context: StepContext) -> Concluded:
        """Return the day of the next news, and point out a channel that was not checked."""
        unchecked = answers.safe_channel_checked is not True
        note = "Nobody is known to have checked that the channel is safe: inform the supervisor."
        return Concluded(
            facts={"survivor_told": True},
            notes=(note,) if unchecked else (),
            computed=of_news(answers, context),
        )
