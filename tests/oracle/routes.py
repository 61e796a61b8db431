"""The rule of every address of the portal and of every use case: a new one without a rule fails the build.

An address of a case names the right that it needs and whether only the case's own unit has it. `exact` is what the
model says to the letter; where it is not, whoever does not see the case still gets what a made-up id gets.
"""

from typing import Final, NamedTuple


class Rule(NamedTuple):
    """What an address asks: `page` names what the model says it shows.

    Kinds: `case`, `paper` and `item` are of a case; `lists` of the viewer, which may show what they see of any case and
    nothing else; `apart` about people, units, definitions, channels: nothing of a case is ever on it; `act` changes
    those.
    """

    kind: str
    right: str = "any"
    own: bool = False
    page: str = ""
    exact: bool = False


OPEN: Final = Rule("open")
"""For whoever asks, signed in or not: nothing of a case is ever on it."""
_CASE = "/cases/{case_id}"


def _case(right: str, *, own: bool = False, page: str = "", exact: bool = False) -> Rule:
    return Rule("case", right, own, page, exact)


RULES: Final[dict[str, Rule]] = {
    f"GET {_CASE}": _case("see", page="tab", exact=True),
    f"GET {_CASE}/history": _case("history", page="history", exact=True),
    f"GET {_CASE}/steps": _case("see", page="case"),
    **{f"GET {_CASE}/{tab}": _case("see", page="tab") for tab in ("people", "time", "papers", "sharing")},
    f"GET {_CASE}/diary": _case("see", own=True, page="tab"),
    f"POST {_CASE}/diary/words": _case("reveal", own=True, page="notes"),
    f"GET {_CASE}/law": _case("read", own=True, page="masked"),
    f"GET {_CASE}/steps/{{step_id}}": _case("see", page="step", exact=True),
    f"POST {_CASE}/steps/{{step_id}}/reveal": _case("reveal", page="reveal", exact=True),
    f"GET {_CASE}/persons/{{person_id}}": _case("see", page="masked"),
    f"POST {_CASE}/persons/{{person_id}}/reveal": _case("reveal", page="person"),
    f"GET {_CASE}/links": _case("any", page="links"),
    f"GET {_CASE}/consents": _case("any", page="consents"),
    f"GET {_CASE}/sent": _case("any", page="sent"),
    f"GET {_CASE}/send": _case("any", page="send"),
    f"GET {_CASE}/steps/{{step_id}}/journey": _case("any", page="journey"),
    f"POST {_CASE}/files/{{file_id}}/copy": _case("see", page="file"),
    f"POST {_CASE}/files/{{file_id}}/original": _case("see", page="file"),
    f"POST {_CASE}/holds/{{hold_id}}/reason": _case("hold", own=True, page="reason"),
    f"POST {_CASE}/persons/{{person_id}}/held": _case("account", own=True, page="held"),
    f"POST {_CASE}/history/words": _case("reveal", own=True, page="words"),
    **{f"GET {_CASE}/{page}": _case("lead", own=True, page="masked") for page in ("reopen", "close", "begin", "move")},
    f"GET {_CASE}/steps/{{step_id}}/cancel": _case("plan", own=True, page="masked"),
    f"POST {_CASE}/deadlines/{{deadline_id}}/places": _case("reveal", page="places"),
    "GET /documents/{document_id}": Rule("paper", "reveal", page="paper", exact=True),
    "GET /documents/{document_id}/pdf": Rule("paper", "reveal"),
    "GET /documents/{document_id}/release": Rule("paper", "release"),
    "POST /documents/{document_id}/release": Rule("paper", "release"),
    f"GET {_CASE}/access": _case("access", own=True, page="masked", exact=True),
    f"GET {_CASE}/readings": _case("lead", own=True, page="masked", exact=True),
    f"GET {_CASE}/account": _case("history", own=True, page="masked", exact=True),
    f"GET {_CASE}/deadlines/{{deadline_id}}": _case("see", page="masked"),
    f"GET {_CASE}/steps/{{step_id}}/calls": _case("see", page="masked"),
    "GET /items/{item_id}": Rule("item", "work", page="item"),
    "GET /items/{item_id}/done": Rule("item", "work", page="masked"),
    "GET /items/{item_id}/appointment.ics": Rule("item", "work", page="masked"),
    **{
        f"POST /items/{{item_id}}{act}": Rule("item", "work", own=True)
        for act in ("", "/claim", "/release", "/approve")
    },
    "POST /items/{item_id}/delegate": Rule("item", "lead", own=True),
    **{
        f"GET {_CASE}/{page}": _case("any", page="masked")
        for page in (
            "saved", "add-step", "add-person", "facts", "keeping", "files", "hubs",
            "persons/{person_id}/held", "persons/{person_id}/correct",
        )
    },
    f"POST {_CASE}/files": _case("file"),
    **{
        f"POST {_CASE}/{act}": _case(right, own=True)
        for right, acts in {
            "identify": (
                "add-person",
                *(f"persons/{{person_id}}/{verb}" for verb in (
                    "identify", "names", "age", "candidates", "candidates/{candidate_id}",
                )),
            ),
            "work": (
                "facts", "diary", "steps/{step_id}/journey", "steps/{step_id}/calls", "deadlines/{deadline_id}/ask",
            ),
            "plan": (
                "add-step", "steps/{step_id}/cancel", "links", "links/{link_id}/end", "deadlines/{deadline_id}/pause",
                "deadlines/{deadline_id}/resume",
                *(f"persons/{{person_id}}/{verb}" for verb in (
                    "role", "same", "not-same/{secondary_id}", "split", "bring",
                )),
            ),
            "lead": (
                "reopen", "close", "begin", "move",
                "merge", "split", "links/{link_id}/answer", "links/{link_id}/unmerge", "access/recusals",
                "access/recusals/{recusal_id}/end", "access/requests/{request_id}",
                *(f"deadlines/{{deadline_id}}/{verb}" for verb in ("acknowledge", "answer", "owner")),
            ),
            "consent": ("consents", "consents/{consent_id}/withdraw"),
            "refer": ("send", *(f"sent/{{referral_id}}/{verb}" for verb in ("recall", "reroute", "link"))),
            "release": ("sent/{referral_id}/release", "hubs/{mirror_id}/tell", "hubs/{mirror_id}/erasure"),
            "reveal": ("hubs/reveal",),
            "hold": ("holds", "holds/{hold_id}/lift", "holds/{hold_id}/answer"),
            "seal": ("seal", "seal/lift", "seal/answer"),
            "erase": ("erasures",),
            "correct": ("persons/{person_id}/correct",),
        }.items()
        for act in acts
    },
    **dict.fromkeys(
        (
            "GET /progress", "POST /progress", "POST /progress/add", "GET /tell", "POST /tell",
            "GET /health", "GET /health/deadlines", "GET /sign-in",
            "POST /sign-in", "GET /sign-in/code",
            "POST /sign-in/code", "POST /become", "POST /sign-out", "GET /exit",
            "GET /forgot", "POST /forgot", "GET /first/{token}",
            "POST /first/{token}", "GET /invitation/{token}", "POST /invitation/{token}", "GET /p/{token}",
            "POST /p/{token}", "POST /p/{token}/accept", "POST /p/{token}/decline", "POST /hubs/inbox",
            "POST /api/v1/reports", "GET /api/v1/reports/{case_id}", "GET /api/v1/openapi.json",
            "GET /api/v1/cases", "GET /api/v1/cases/{case_id}", "GET /api/v1/cases/{case_id}/history",
            "GET /api/v1/work-items", "POST /api/v1/gateways/{actor_id}", "GET /api/v1/gateways/{actor_id}",
        ),
        OPEN,
    ),
    **{
        f"GET {page}": Rule("lists", right)
        for right, pages in {
            "": (
                "/", "/cases", "/worklist", "/transmit", "/referrals", "/demo", "/api/board", "/a/{token}",
                "/emergency-access", "/emergency-access/{request_id}", "/concerns", "/concerns/{concern_id}",
                "/referrals/{referral_id}", "/partners", "/waiting", "/waiting/{request_id}", "/hubs/requests",
                "/hubs/requests/{mirror_id}",
            ),
            "see": ("/workflows/{name}/cases", "/numbers", "/numbers.csv", "/numbers/pillars", "/numbers/pillars.csv",
                    "/numbers/saved", "/numbers/saved/{saved_id}", "/numbers/saved/{saved_id}/table.csv",
                    "/numbers/monthly/{monthly_id}", "/numbers/monthly/{monthly_id}/table.csv"),
            "board": ("/board", "/board/{name}", "/delays"),
            "lead": ("/matches", "/workflows/{name}/move", "/import", "/team"),
            "erase": ("/copies",),
            "keeping": ("/keeping",),
            "admin": ("/dead-letters", "/custody"),
            "report": ("/report",),
            "reveal": ("/find",),
            "audit": ("/audit", "/audit.csv"),
        }.items()
        for page in pages
    },
    **{
        f"GET {page}": Rule("apart", right)
        for right, pages in {
            "": (
                "/step-up", "/account", "/account/password", "/account/practise", "/account/second-factor",
                "/on-call", "/absences", "/preferences", "/workflows", "/workflows/{name}", "/workflows/{name}/diagram",
                "/paper-forms", "/paper-forms/{key}", "/paper-forms/{key}/pdf",
                "/definitions/{kind}/{name}", "/definitions/{kind}/{name}/versions",
                "/definitions/message", "/definitions/message/{name}",
                "/definitions/document", "/definitions/document/{name}", "/definitions/document/{name}/preview",
                "/kept/{form_id}", "/law",
                "/law/{limit_id}",
            ),
            "people": ("/people", "/people/{actor_id}", "/hubs", "/hubs/{peer_id}"),
            "admin": (
                "/hubs/own", "/service-accounts", "/units", "/units/{unit_id}", "/calendars/{name}", "/channels",
                "/definitions/{kind}/{name}/edit", "/definitions/calendar/{name}/draft",
            ),
            "publish": (
                "/drafts/{kind}/words",
                "/workflows/new", "/workflows/{name}/edit", "/workflows/{name}/draft",
                "/workflows/{name}/draft/simulation", "/workflows/{name}/draft/comparison",
                "/definitions/ladder/{name}/draft", "/definitions/message/{name}/draft",
                "/definitions/document/{name}/draft",
                "/ladders/new",
            ),
            "keeping": ("/keeping/policies",),
            "rota": ("/definitions/rota/{unit_id}/draft",),
        }.items()
        for page in pages
    },
    **{
        f"POST {act}": Rule("act", right)
        for right, acts in {
            "": (
                "/a/{token}", "/step-up", "/kept/{form_id}/send", "/kept/{form_id}/drop", "/account/password",
                "/account/second-factor/propose", "/account/second-factor", "/account/recovery-codes",
                "/account/language",
                "/account/sessions/end-others", "/account/sessions/{session_id}/end", "/on-call/hand-over",
                "/absences", "/preferences", "/preferences/contact", "/filters", "/filters/{filter_id}/delete",
                "/notices/{notice_id}/read", "/notices/read",
                "/concerns", "/demo/time", "/demo/cases/{case_id}/play", "/waiting/{request_id}",
            ),
            "see": ("/numbers/saved", "/numbers/saved/{saved_id}/monthly", "/numbers/saved/{saved_id}/delete"),
            "report": ("/report",),
            "people": ("/people/{actor_id}/lost-factor", "/hubs/{peer_id}/refuse"),
            "admin": (
                "/hubs", "/hubs/own/keys", "/hubs/{peer_id}/end",
                "/people", "/people/{actor_id}/roles", "/people/{actor_id}/roles/take",
                "/people/{actor_id}/supervisor", "/people/{actor_id}/link", "/people/{actor_id}/end-sessions",
                "/people/{actor_id}/deactivate", "/people/{actor_id}/activate",
                "/people/{actor_id}/lost-factor/{request_id}", "/service-accounts",
                "/service-accounts/{key_id}/revoke", "/units", "/units/{unit_id}", "/units/{unit_id}/public",
                "/calendars/{name}/days",
                "/calendars/{name}/days/{day}/remove", "/jobs/{job_id}/retry", "/jobs/{job_id}/skip", "/jobs/pause",
                "/jobs/resume",
                "/dead-letters/retry",
                "/dead-letters/{delivery_id}/retry", "/dead-letters/{delivery_id}/drop", "/channels",
                "/channels/disable", "/channels/try", "/firing/confirm", "/firing/retry",
                "/definitions/{kind}/{name}/edit", "/definitions/calendar/{name}/draft",
            ),
            "rota": (
                "/on-call/plan", "/on-call/{shift_id}/cancel", "/absences/{absence_id}/end",
                "/definitions/rota/{unit_id}/draft",
            ),
            "refer": (
                "/referrals/{referral_id}/accept", "/referrals/{referral_id}/decline", "/referrals/{referral_id}/done",
                "/hubs/requests/{mirror_id}/accept", "/hubs/requests/{mirror_id}/decline",
            ),
            "lead": (
                "/import", "/workflows/{name}/move", "/matches/{match_id}/seen", "/matches/{match_id}/answer",
                "/hubs/{peer_id}/confirm", "/team",
            ),
            "publish": (
                "/drafts/{kind}/findings",
                "/workflows/new", "/workflows/{name}/edit", "/workflows/{name}/draft",
                "/definitions/{kind}/{name}/versions", "/definitions/ladder/{name}/draft", "/ladders/new",
                "/definitions/message/{name}/draft",
                "/definitions/document/{name}/draft",
            ),
            "erase": (
                "/erasures/{erasure_id}/approve", "/erasures/{erasure_id}/end", "/proposals/{proposal_id}",
                "/erase-copies/{notice_id}", "/copies", "/copies/{copy_id}/answer", "/copies/{copy_id}/link",
                "/copies/{copy_id}/file",
            ),
            "reveal": ("/emergency-access", "/find"),
            "confirm": ("/emergency-access/{request_id}",),
            "hear": ("/concerns/{concern_id}",),
            "law": ("/law/{limit_id}/sign", "/law/{limit_id}/signatures/{signature_id}/revoke"),
        }.items()
        for act in acts
    },
}  # fmt: skip
"""`act` changes something that is no case of the path. A right that is empty is everybody's, for what is their own."""
