"""The rule of every address of the portal and of every use case: a new one without a rule fails the build.

An address of a case names the right that it needs and whether only the case's own unit has it. `exact` is what the
model says to the letter; where it is not, whoever does not see the case still gets what a made-up id gets.
"""

from typing import Final, NamedTuple


class Rule(NamedTuple):
    """What an address asks: `page` names what the model says it shows."""

    kind: str
    right: str = "any"
    own: bool = False
    page: str = ""
    exact: bool = False


OPEN: Final = Rule("open")
"""For whoever asks, signed in or not: nothing of a case is ever on it."""
LISTS: Final = Rule("lists")
"""Of the viewer: may show what they see of any case, and nothing else."""
NOT_OF_A_CASE: Final = Rule("apart")
"""About people, units, definitions, channels: nothing of a case is ever on it."""
DENIED: Final = Rule("case", "lead", own=True)
_CASE = "/cases/{case_id}"


def _case(right: str, *, own: bool = False, page: str = "", exact: bool = False) -> Rule:
    return Rule("case", right, own, page, exact)


RULES: Final[dict[str, Rule]] = {
    f"GET {_CASE}": _case("see", page="case", exact=True),
    f"GET {_CASE}/history": _case("history", page="history", exact=True),
    f"GET {_CASE}/steps/{{step_id}}": _case("see", page="step", exact=True),
    f"POST {_CASE}/steps/{{step_id}}/reveal": _case("reveal", page="reveal", exact=True),
    f"GET {_CASE}/persons/{{person_id}}": _case("see", page="masked"),
    f"POST {_CASE}/persons/{{person_id}}/reveal": _case("reveal", page="person"),
    "GET /documents/{document_id}": Rule("paper", "reveal", page="paper", exact=True),
    f"GET {_CASE}/access": _case("access", own=True, page="masked", exact=True),
    f"GET {_CASE}/conflicts": _case("lead", own=True, page="masked", exact=True),
    f"GET {_CASE}/deadlines/{{deadline_id}}": _case("see", page="masked"),
    "GET /items/{item_id}": Rule("item", "work", page="masked"),
    "GET /items/{item_id}/done": Rule("item", "work", page="masked"),
    **{
        f"POST /items/{{item_id}}{act}": Rule("item", "work", own=True)
        for act in ("", "/claim", "/release", "/delegate", "/approve")
    },
    **{
        f"GET {_CASE}/{page}": _case("any", page="masked")
        for page in (
            "saved", "add-step", "add-person", "facts", "links", "consents", "sent", "send", "keeping", "files",
            "account", "readings",
            "steps/{step_id}/journey", "persons/{person_id}/held", "persons/{person_id}/correct",
        )
    },
    **{
        f"POST {_CASE}/{act}": _case("any", own=True)
        for act in (
            "add-step", "add-person", "facts", "links", "merge", "split", "consents", "send", "holds", "seal",
            "seal/lift", "seal/answer", "erasures", "files", "conflicts", "access/denials",
            "access/denials/{denial_id}/lift", "access/requests/{request_id}", "conflicts/{actor_id}/end",
            "steps/{step_id}/journey", "links/{link_id}/end", "links/{link_id}/answer", "links/{link_id}/unmerge",
            "consents/{consent_id}/withdraw", "holds/{hold_id}/lift", "holds/{hold_id}/answer",
            "holds/{hold_id}/reason",
            "files/{file_id}/copy", "files/{file_id}/original",
            *(f"sent/{{referral_id}}/{verb}" for verb in ("release", "recall", "reroute", "link")),
            *(f"deadlines/{{deadline_id}}/{verb}" for verb in (
                "acknowledge", "places", "pause", "resume", "ask", "answer", "owner",
            )),
            *(f"persons/{{person_id}}/{verb}" for verb in (
                "identify", "names", "age", "candidates", "candidates/{candidate_id}", "role", "same",
                "not-same/{secondary_id}", "split", "bring", "held", "correct",
            )),
        )
    },
    **dict.fromkeys(
        (
            "GET /health", "GET /health/deadlines", "GET /sign-in", "POST /sign-in", "GET /sign-in/code",
            "POST /sign-in/code", "POST /become", "POST /sign-out", "GET /forgot", "POST /forgot", "GET /first/{token}",
            "POST /first/{token}", "GET /invitation/{token}", "POST /invitation/{token}", "GET /p/{token}",
            "POST /p/{token}", "POST /p/{token}/accept", "POST /p/{token}/decline",
        ),
        OPEN,
    ),
    **dict.fromkeys(
        (
            "GET /", "GET /cases", "GET /worklist", "GET /transmit", "GET /board", "GET /delays", "GET /referrals",
            "GET /matches", "GET /copies", "GET /statistics", "GET /keeping", "GET /demo", "GET /api/board",
            "GET /dead-letters", "GET /report", "GET /a/{token}", "GET /audit", "GET /audit.csv", "GET /break-glass",
            "GET /break-glass/{request_id}", "GET /concerns", "GET /concerns/{concern_id}",
            "GET /referrals/{referral_id}",
        ),
        LISTS,
    ),
    **dict.fromkeys(
        (
            "GET /step-up", "GET /account", "GET /account/password", "GET /account/second-factor", "GET /people",
            "GET /people/{actor_id}", "GET /service-accounts", "GET /units", "GET /units/{unit_id}", "GET /on-call",
            "GET /absences", "GET /preferences", "GET /workflows", "GET /workflows/new", "GET /workflows/{name}",
            "GET /workflows/{name}/diagram", "GET /definitions/{kind}/{name}", "GET /workflows/{name}/edit",
            "GET /calendars/{name}", "GET /keeping/policies", "GET /definitions/{kind}/{name}/edit", "GET /channels",
            "GET /kept/{form_id}",
        ),
        NOT_OF_A_CASE,
    ),
    **dict.fromkeys(
        (
            "POST /report", "POST /a/{token}", "POST /step-up", "POST /kept/{form_id}/send",
            "POST /kept/{form_id}/drop",
            "POST /account/password", "POST /account/second-factor/propose", "POST /account/second-factor",
            "POST /account/recovery-codes", "POST /account/sessions/end-others",
            "POST /account/sessions/{session_id}/end", "POST /people", "POST /people/{actor_id}/roles",
            "POST /people/{actor_id}/roles/take", "POST /people/{actor_id}/supervisor", "POST /people/{actor_id}/link",
            "POST /people/{actor_id}/end-sessions", "POST /people/{actor_id}/deactivate",
            "POST /people/{actor_id}/activate", "POST /people/{actor_id}/lost-factor",
            "POST /people/{actor_id}/lost-factor/{request_id}", "POST /service-accounts",
            "POST /service-accounts/{key_id}/revoke", "POST /units", "POST /units/{unit_id}", "POST /on-call/plan",
            "POST /on-call/hand-over", "POST /on-call/{shift_id}/cancel", "POST /absences",
            "POST /absences/{absence_id}/end", "POST /referrals/{referral_id}/accept",
            "POST /referrals/{referral_id}/decline", "POST /matches/{match_id}/seen", "POST /preferences",
            "POST /preferences/contact", "POST /notices/{notice_id}/read", "POST /workflows/new",
            "POST /workflows/{name}/edit", "POST /calendars/{name}/days", "POST /calendars/{name}/days/{day}/remove",
            "POST /erasures/{erasure_id}/approve", "POST /erasures/{erasure_id}/end", "POST /proposals/{proposal_id}",
            "POST /erase-copies/{notice_id}", "POST /copies", "POST /copies/{copy_id}/answer",
            "POST /copies/{copy_id}/link", "POST /copies/{copy_id}/file", "POST /definitions/{kind}/{name}/edit",
            "POST /jobs/{job_id}/retry", "POST /dead-letters/retry", "POST /dead-letters/{delivery_id}/retry",
            "POST /dead-letters/{delivery_id}/drop", "POST /channels", "POST /channels/disable", "POST /channels/try",
            "POST /break-glass", "POST /break-glass/{request_id}", "POST /concerns", "POST /concerns/{concern_id}",
            "POST /firing/confirm", "POST /firing/retry", "POST /demo/time", "POST /demo/cases/{case_id}/play",
        ),
        Rule("act"),
    ),
}  # fmt: skip
"""`act` changes something that is no case of the path: its own tests try it; here it is only known."""

USE_CASES: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            "acknowledge", "approve_work_item", "attachments", "break_glass", "case_access", "case_links",
            "complete_work_item", "conflicts", "consents", "erasure", "exports", "holds", "limits", "matches",
            "persons", "referrals", "restrictions", "retention", "reveal_answers", "same_person", "save_draft",
            "split_case", "steer_case", "subject_access", "transfers", "work_items", "partner_links", "two_cases",
            "sharing", "consent_steps", "referral_notes",
        ),
        "case",
    ),
    **dict.fromkeys(
        (
            "absences", "calendar_days", "channels", "concerns", "dead_letters", "first_run", "invitations",
            "kept_forms", "keys", "manage_people", "new_passwords", "on_call", "open_case", "own_account",
            "preferences", "preview", "publish", "second_factor", "service_accounts", "sign_in", "special_days",
            "step_up", "try_delivery",
        ),
        "apart",
    ),
    **dict.fromkeys(
        (
            "audit_escalations", "bulk_viewing", "checkpoints", "deliver_messages", "digests", "fire_deadlines",
            "firing_guard", "forget_sign_ins", "left_behind", "passing_on", "recount", "run_job", "serve_jobs",
            "storms", "trouble",
        ),
        "system",
    ),
    **dict.fromkeys(
        (
            "answers", "apart", "candidates", "credential_notices", "deciding", "delivery_rules", "duty_rules",
            "escalating", "factor_codes", "level_acts", "notices",
            "papers", "parted_file", "reach", "readings", "recipients",
            "releasing", "session_tokens", "slowing_down", "step_context", "step_reading", "telling", "writing",
        ),
        "part",
    ),
}  # fmt: skip
"""The modules of use cases: those for a `case` are asked by strangers; `apart` act on people, units, definitions and
channels; `system` is nobody's; a `part` serves the others."""
