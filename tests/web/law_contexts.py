"""What the pages of the law are given."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from engine.core.time.explain import Reason, ReasonKind
from engine.definitions.actions.law_pages import Example, LawLine
from engine.definitions.records import StoredSignature
from engine.language.law import LawPack

NASTY = "<b>&\"'"
_NOW = datetime(2026, 3, 7, 12, tzinfo=UTC)
_LIMIT = {
    "id": "XX-TEST", "jurisdiction": "IN", "what": NASTY, "trigger": NASTY, "limit": "PT24H", "counting": "elapsed",
    "alternatives": [{"option": "far", "limit": "P2D", "when": NASTY}], "excludes": ["journey"], "duty": NASTY,
    "source": NASTY, "basis": "read", "confidence": NASTY, "if_missed": NASTY, "note": NASTY, "advisory_in": ["hills"],
    "applies": {"offence_from": "2024-07-01", "offence_until": "2030-01-01", "age_under": 18, "age_from": 1,
                "age_on": "offence", "sex": ["female"], "why": NASTY},
    "in_force_from": "2024-07-01", "in_force_until": "2030-01-01",
    "signature": {"name": NASTY, "on": "2026-01-01", "source_read": NASTY},
}  # fmt: skip
_PLAIN = {k: v for k, v in _LIMIT.items() if k not in {"alternatives", "excludes", "applies", "in_force_from",
                                                       "in_force_until", "note", "advisory_in"}}  # fmt: skip
_AREA = {"title": NASTY, "states": ["IN-ML"], "source": NASTY, "confidence": "high"}


def law_contexts(*, full: bool, typed: dict[str, Any], case: Any, explained: Any) -> dict[str, dict[str, Any]]:
    """Return what the templates of the law need."""
    more = {"areas": {"hills": _AREA}, "notified": [{"in": "hills", "from": "2026-01-01", "source": NASTY}]}
    pack = LawPack.model_validate(
        {"law": "xx", "title": NASTY, "limits": [_LIMIT if full else _PLAIN], **(more if full else {})}
    )
    (limit,) = pack.by_id["XX-TEST"]
    lines = [
        LawLine(limit, "xx", NASTY, state, NASTY, NASTY, (NASTY,) if full else ())
        for state in (("signed", "changed", "revoked", "unsigned") if full else ("changed", "unsigned"))
    ]
    counted = (Reason(kind=ReasonKind.DUE, text=NASTY, instant=_NOW),)
    examples = [Example("IN", _NOW, "", counted if full else (), "" if full else NASTY) for _ in lines]
    signature = StoredSignature(UUID(int=1), "XX-TEST", "h", NASTY, "IN", UUID(int=2), date(2026, 1, 1), _NOW, NASTY)
    signatures = (signature, signature._replace(revoked_at=_NOW, revoked_for="law_changed")) if full else ()
    return {
        "law-of-case.html": {"case": case, "limits": [
            explained.model_copy(update={"applies": applies, "force": "target"})
            for applies in (("yes", "no", "unknown") if full else ())
        ]},
        "law.html": {"lines": lines if full else [], "signed": 0, "total": 1, "of": "", "state": "",
                     "places": [("", NASTY)], "states": [("", NASTY)]},
        "law-limit.html": {"limit_id": "XX-TEST", "lines": list(zip(lines, examples, strict=True)),
                           "note": NASTY if full else "", "signatures": signatures, "may_sign": full,
                           "is_lawyer": full, "reasons": [{"value": "x", "text": NASTY, "checked": False}],
                           "at": NASTY, "place": "IN", "option": "", "places": ("IN",), **typed},
    }  # fmt: skip
