"""What awareness sessions and maps of villages propose, and what follows from them."""

from engine.plugin import Asked, Concluded, Form, Prepared, StepContext
from pillars.prevention.forms import CommunityForm, SessionForm


class Session(
    Asked[SessionForm],
    key="prevention.session",
    title="Awareness session",
    roles=("prevention_officer", "caseworker"),
    time_limit="P3D",
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over the audience, language and topics of the last session."""
        told = context.told_before("prevention.session", "audience", "language", "topics")
        return Prepared(prefill=told | {"date": context.today.isoformat()})

    def conclude(self, answers: SessionForm, context: StepContext) -> Concluded:
        """Ask for a report where people said that somebody may be in danger."""
        told = answers.disclosures or 0
        notes = ("People said that someone could be in danger: record a report for each.",) if told > 0 else ()
        return Concluded(facts={"has_disclosures": told > 0}, notes=notes)


class Community(
    Asked[CommunityForm],
    key="prevention.community",
    title="Village watch and risk map",
    roles=("prevention_officer",),
    time_limit="P6M",
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over what rarely changes from the last map of the village."""
        where = Prepared.given(village=context.earlier("prevention.session", SessionForm).place)
        before = context.told_before("prevention.community", "village", "households", "watch_group")
        return Prepared(prefill=where | before, notes=("Write numbers only: no map names a person or a house.",))

    def conclude(self, answers: CommunityForm, context: StepContext) -> Concluded:
        """Ask for a watch group where the risk is high and there is none."""
        risk = answers.risk
        is_unwatched = risk == "high" and answers.watch_group in (False, Form.NOT_KNOWN)
        note = "The risk is high and no watch group is known: plan a meeting with the village."
        notes = (note,) if is_unwatched else ()
        return Concluded(
            facts={"needs_watch_group": is_unwatched, "village_at_risk": risk in {"medium", "high"}}, notes=notes
        )
