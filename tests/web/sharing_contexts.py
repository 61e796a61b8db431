"""What the templates of sharing are given in tests: everything that they can show, or as little."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from engine.core.policy import View
from engine.messages.records import OfferView
from engine.sharing.records.partners import Score, written
from engine.sharing.records.shown import MatchView, PartnerPage, SharingView
from engine.web import words as shown

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
            "page": page if full else None, "token": "abc", "problem": problem, "reasons": {"full": nasty},
        },
        "referral.html": {"offer": view(OfferView), "note": nasty if full else ""},
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
