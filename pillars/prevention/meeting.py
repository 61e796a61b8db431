"""What awareness sessions and maps of villages propose, and what follows from them."""

from engine.plugin import (
    NOT_KNOWN,
    Concluded,
    JsonAnswer,
    Prepared,
    StepContext,
    as_number,
    given,
    local_day,
    told_before,
)


def prepare_session(context: StepContext) -> Prepared:
    """Take over the audience, language and topics of the last session."""
    before = context.earlier("prevention.session")
    kept = ("audience", "language", "topics")
    told: dict[str, JsonAnswer] = {name: before[name] for name in kept if name in before}
    return Prepared(prefill=told | {"date": local_day(context.now, context.zone).isoformat()})


def conclude_session(context: StepContext) -> Concluded:
    """Ask for a report where people said that somebody may be in danger."""
    told = as_number(context.answers.get("disclosures")) or 0
    notes = ("People said that someone could be in danger: record a report for each.",) if told > 0 else ()
    return Concluded(facts={"has_disclosures": told > 0}, notes=notes)


def prepare_community(context: StepContext) -> Prepared:
    """Take over what rarely changes from the last map of the village."""
    where = given(village=context.earlier("prevention.session").get("place"))
    before = told_before(context, "prevention.community", "village", "households", "watch_group")
    return Prepared(prefill=where | before, notes=("Write numbers only: no map names a person or a house.",))


def conclude_community(context: StepContext) -> Concluded:
    """Ask for a watch group where the risk is high and there is none."""
    risk = context.answers.get("risk")
    is_unwatched = risk == "high" and context.answers.get("watch_group") in (False, NOT_KNOWN)
    note = "The risk is high and no watch group is known: plan a meeting with the village."
    notes = (note,) if is_unwatched else ()
    return Concluded(
        facts={"needs_watch_group": is_unwatched, "village_at_risk": risk in {"medium", "high"}}, notes=notes
    )
