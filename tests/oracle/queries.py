"""The rule of every question that pages ask: one without a rule fails the build."""

from typing import Final, NamedTuple


class Asked(NamedTuple):
    """How a question is: of a `case` or a part of one, a `list` of the viewer's, or `apart` from all cases.

    A question of a case is answered by the right that it takes, by the case's `own` unit alone where it is so. `pages`
    are those of the model whose things the answer may hold; `unsealed` asks only for whom a use case has let in.
    """

    kind: str
    right: str = "see"
    own: bool = False
    pages: tuple[str, ...] = ()


_STEPS = ("step:intake", "step:health", "step:plan")
_REVEALED = ("reveal:intake", "reveal:health", "reveal:plan", "reveal:theirs")
QUERIES: Final[dict[str, Asked]] = {
    "case_page": Asked("case", pages=("case", *_STEPS)),
    "case_news": Asked("case", pages=("history",)),
    "case_history": Asked("case", "history", pages=("history",)),
    "revealed_answers": Asked("case", "reveal", pages=_REVEALED),
    "revealed_places": Asked("case", "reveal", pages=("places",)),
    "revealed_person": Asked("case", "reveal", pages=("person",)),
    "revealed_subject": Asked("case", "account", own=True, pages=("held", "held:theirs")),
    "document_text": Asked("case", "reveal", pages=("paper",)),
    "paper": Asked("case"),
    "explain_law": Asked("case", "read", own=True),
    "law_of_case": Asked("case", "read", own=True),
    "points_to": Asked("case"),
    "person_page": Asked("case"),
    "case_links": Asked("case", pages=("links",)),
    "case_access": Asked("case", "access", own=True),
    "readers": Asked("case", "lead", own=True),
    "account": Asked("case", "history", own=True),
    "case_diary": Asked("case", own=True, pages=("case",)),
    "sharing": Asked("case", own=True, pages=("sent", "consents", "send")),
    "case_hubs": Asked("case", own=True),
    "holders": Asked("case", own=True),
    "keeping": Asked("case", "keeping", own=True),
    "explain_deadline": Asked("case", pages=("case",)),
    "explain_step": Asked("case", pages=("case",)),
    "what_followed": Asked("case", pages=("case",)),
    "work_item": Asked("case", pages=("case",)),
    "proposed_doer": Asked("case", pages=("case",)),
    "item_form": Asked("case", "work", pages=("item", "case")),
    "emergency": Asked("case", "confirm", own=True, pages=("emergency",)),
    **dict.fromkeys(
        (
            "worklist", "work_counts", "work_lines", "work_items", "cases", "own_cases", "open_items",
            "found_people", "movable_work",
             "count_cases", "saved_filters", "find_case", "asked_extensions", "late_calls",
            "delays", "link", "offers", "copies", "count_copied", "sheet", "published",
            "figures_saved", "saved_list", "saved_numbers", "monthly_numbers",
            "process", "audit_lines",
            "my_emergencies",
            "emergencies_to_confirm", "concerns", "notices", "unread", "demo_mailbox", "matches", "probes", "sent",
            "admin_board", "board_list", "dead_letters", "pillars", "waiting", "count_waiting", "hub_requests",
        ),
        Asked("list", pages=("list", "case", "history")),
    ),
    **dict.fromkeys(
        (
            "as_viewer", "shifts", "absences", "channels", "organisations", "contacts", "definitions", "definition",
            "versions", "retired", "retirement", "published_workflows",
            "actors", "members", "member", "unit_list", "units", "places", "hubs",
            "count_period", "unpublished",
            "hubs_to_ask", "zone_of",
        ),
        Asked("apart"),
    ),
    "partner_page": Asked("unsealed"),
}  # fmt: skip
"""By the name of the method."""
