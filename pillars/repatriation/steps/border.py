"""Whether a case crosses a border: looked at by a lawyer or a supervisor, before anything goes to another country."""

from datetime import timedelta
from typing import Literal

from engine.plugin import Asked, Concluded, Form, LongText, Prepared, StepContext, field
from pillars.repatriation.forms import HandoverForm, YesNoUnsure

_TOO_FAR_APART = timedelta(hours=12)
"""Practice of the network: how far apart two signatures may lie."""
_ACROSS = 'crosses == "across" || crosses == "across_not_asked"'
_NOTES = {
    "within": "Nothing of this case goes to another country.",
    "across": "That country can be asked now. Whoever looked at this does not send the request.",
    "across_not_asked": "Nothing goes to that country. Ask a lawyer about asylum, and plan a safe life elsewhere.",
    "not_known": "Nothing goes abroad while it is not known. It is looked at again; what is needed here goes on.",
}


class BorderForm(Form):
    """Look at what is known, with the person, and say whether the case crosses a border. You are not to guess."""

    crosses: Literal["within", "across", "across_not_asked", "not_known"] = field(
        label="Does the case cross a border?",
        help="A place near the border, a language, a name or a face proves nothing.",
        choices={
            "within": "No, it stays within this country",
            "across": "Yes, and that country can be asked",
            "across_not_asked": "Yes, but nothing is to be asked there",
            "not_known": "It is not known yet",
        },
        now=True,
    )
    reason: LongText = field(
        label="What speaks for it, and what against it?",
        help="What the person says, alone and in their language, and what papers show. Write no names.",
        sensitive=True,
        now=True,
    )
    country: Literal["BD", "NP", "MM", "BT", "LK", "TH", "CN", "other"] | None = field(
        label="Which other country, as far as it is known?",
        choices={
            "BD": "Bangladesh", "NP": "Nepal", "MM": "Myanmar", "BT": "Bhutan", "LK": "Sri Lanka", "TH": "Thailand",
            "CN": "China", "other": "Another country",
        },
        shown_when=_ACROSS,
        default=None,
    )  # fmt: skip
    may_need_asylum: YesNoUnsure | None = field(
        label="Could the person be a refugee, or want to ask for asylum?",
        shown_when='crosses != "within"', default=None, sensitive=True,
    )  # fmt: skip
    may_be_stateless: YesNoUnsure | None = field(
        label="Could it be that no country accepts the person as its own?",
        help="A person without a country can be asked about. The lawyer says how, and what must not be said.",
        shown_when='crosses != "within"', default=None, sensitive=True,
    )  # fmt: skip
    in_danger: YesNoUnsure | None = field(
        label="Could the person or the family be in danger if authorities there heard of this?",
        help="Also if traffickers would hear of it through them.",
        shown_when='crosses != "within"', default=None, sensitive=True,
    )  # fmt: skip

    @Form.rule("Before a country is asked, say which one, and whether the person might be without a country.")
    def _says_which_country_is_asked(self) -> bool:
        return self.crosses != "across" or None not in (self.country, self.may_be_stateless)

    @Form.rule(
        "A country can be asked only if it is clear that the person is no refugee and would not be in danger. "
        "Otherwise choose that nothing is to be asked there, or that it is not known yet."
    )
    def _asks_no_country_that_is_feared(self) -> bool:
        return self.crosses != "across" or self.may_need_asylum == self.in_danger == "no"


class Border(
    Asked[BorderForm],
    key="repatriation.border",
    title="Does the case cross a border?",
    roles=("lawyer", "supervisor"),
    time_limit="P3D",
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over what was known when it was looked at before; the answer itself is given anew."""
        names = ("country", "may_need_asylum", "may_be_stateless", "in_danger")
        notes = ["Where someone was found says nothing about where they come from."]
        if context.earlier("repatriation.border", BorderForm).crosses == "not_known":
            notes.append("It was not known when this was looked at before: what is known since then?")
        return Prepared(prefill=context.told_before("repatriation.border", *names), notes=tuple(notes))

    def conclude(self, answers: BorderForm, context: StepContext) -> Concluded:
        note = _NOTES.get(str(answers.crosses))
        return Concluded(notes=(note,) if note else ())


def is_over(answers: HandoverForm) -> bool:
    """Return whether both sides have signed: a handover is not over before that."""
    return answers.sender_signed_at is not None and answers.receiver_signed_at is not None


def differences(answers: HandoverForm) -> tuple[str, ...]:
    """Say in which the two receipts differ; nothing is compared that one side has not written."""
    signed = answers.sender_signed_at, answers.receiver_signed_at
    sent, came = answers.money_handed, answers.money_received
    found = []
    if signed[0] and signed[1] and abs(signed[0] - signed[1]) > _TOO_FAR_APART:
        found.append("The two sides signed more than 12 hours apart: ask both.")
    if sent is not None and came is not None and sent != came:
        found.append("The money that was handed over is not what was received: ask both sides.")
    found += Form.unless_yes(
        answers.belongings_complete,
        no="The receiving side does not have all belongings: ask both sides.",
        unknown="It is not known whether the receiving side has all belongings: ask both sides.",
    )
    found += Form.unless_yes(
        answers.condition_agreed,
        no="The two sides do not agree on the condition of the person: speak with them again, alone, at the first"
        " call.",
        unknown="It is not known whether both sides agree how the person was: see them alone at the first call.",
    )
    return tuple(found)


def missing_receipt(answers: HandoverForm) -> str | None:
    """Name the side whose receipt is missing; None when both are there."""
    sides = ((answers.sender_signed_at, "sending"), (answers.receiver_signed_at, "receiving"))
    gone = [side for signed, side in sides if signed is None]
    return " and ".join(gone) or None
