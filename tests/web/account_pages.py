"""What the pages of people and of signing in are given, for the test that renders every template."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from engine.approvals.records import ApprovalRequest
from engine.people.actions.invitations import OpenedInvitation
from engine.sign_in.records import ApiKey, KeptForm, Session

NOW = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
ID = UUID(int=7)


def account_contexts(nasty: str, *, full: bool, member: Any, unit: Any) -> dict[str, dict[str, Any]]:
    """Return what each template needs."""

    def some(value: Any) -> Any:
        return (value,) if full else ()

    field = {"errors": {"name": nasty, "password": nasty} if full else {}, "problems": some(("#name", nasty))}
    form = field | {"typed": {"name": nasty} if full else {}}
    problem = {"problem": nasty if full else "", "next_path": "/"}
    session = Session(ID, ID, NOW, NOW, None, NOW, full, False, nasty if full else "", False)
    key = ApiKey(ID, ID, nasty, ("board",), NOW, NOW, NOW, nasty)
    lost = ApprovalRequest(
        id=ID, kind="lost_factor", subject_id=ID, asked_by=ID, asked_at=NOW, reason_code="x", expires_at=NOW
    )
    role = ApprovalRequest(
        id=ID, kind="role", subject_id=ID, asked_by=ID, asked_at=NOW, expires_at=NOW, subject={"role": "lawyer"}
    )
    pairs = (("lawyer", "Lawyer"),)
    lists = {"units": some(unit), "roles": pairs, "languages": pairs, "places": ("IN",)}
    return {
        "sign-in-code.html": problem | {"is_sent": full},
        "step-up.html": problem | {"has_factor": full, "needs_factor": False, "factor": full},
        "kept.html": {"form": KeptForm(ID, "/report", some(("a-narrative", nasty)), NOW), "shown": some(("x", nasty))},
        "forgot.html": problem | {"email": nasty, "is_told": False},
        "account.html": {"sessions": ((session, True), (session, False)) if full else (), "has_factor": full,
                         "must_enrol": full},
        "account-password.html": field | {"has_factor": full},
        "second-factor.html": {"has_factor": full, "must_enrol": full, "secret": "ABCD" if full else "",
                               "picture": "", "problem": nasty if full else ""},
        "recovery-codes.html": {"codes": ("ABCD-EFGH-JKMN",)},
        "first-run.html": form | lists,
        "invitation.html": field | {"opened": OpenedInvitation("reset" if full else "invite", nasty)},
        "password-set.html": field,
        "people.html": form | lists | {"people": some(member), "may_manage": full},
        "member.html": form | lists | {
            "person": member, "may_manage": full, "is_self": False, "others": some(member), "units": some((ID, nasty)),
            "lost": lost if full else None, "may_answer": full, "may_take_back": full,
            "failures": int(full), "asked": some((role, nasty)), "link_waits": full,
        },
        "link-made.html": {"person": member, "link": nasty, "waits": "link" if full else "roles"},
        "units.html": form | lists,
        "unit.html": form | lists | {"unit": unit, "people": some(member)},
        "service-accounts.html": form | {
            "keys": some(key), "units": some(nasty), "scopes": (("board", "read"),), "command_id": ID,
        },
        "key-made.html": {"key": nasty},
    }  # fmt: skip
