"""Whose key seals what, and what is kept in clear, each with its reason; answers are sealed, whatever they are.

Cases, persons and organisations have a key each, and every case one for its places.
"""

import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid5

ENCRYPTED_IN_EVENTS: Final = (("report",), ("value",), ("step", "outputs"))
"""What the history of a case keeps sealed of an event, by its path in the body: the answers themselves."""
_PLACES: Final = UUID("6f0f0c1e-6a0a-5f0b-9c1d-2b7c5d1c0e55")


def place_key(case_id: UUID) -> UUID:
    """Name the key under which a case seals what tells where somebody is; it is not the key of the case."""
    return uuid5(_PLACES, str(case_id))


def clear_reason(place: str) -> str:
    """Return why a readable place is readable: `table.column`, with the path inside JSON; empty for an unknown one.

    What a row says in clear of a record, the event that tells of it says in clear too.
    """
    told = _OF_A_RECORD.match(place)
    if told:
        place = f"{_ROW_OF[told[1]]}.{told[2]}"
    parts = place.split(".")
    above = (".".join([*parts[:end], "*"]) for end in range(1, len(parts)))
    return next((KEPT_CLEAR[one] for one in (place, *above) if one in KEPT_CLEAR), "")


_OF_A_RECORD: Final = re.compile(r"^event\.body\.(case|run|step|deadline|interval|person)\.(.+)$")
_ROW_OF: Final = {name: name for name in ("case", "run", "step", "deadline", "interval")} | {"person": "case_person"}


def _because(reason: str, *places: str) -> dict[str, str]:
    """Return a reason to places; `table: a b` stands for several columns of a table."""
    found: dict[str, str] = {}
    for place in places:
        table, _, columns = place.partition(": ")
        found |= {f"{table}.{column}": reason for column in columns.split()} if columns else {table: reason}
    return found


KEPT_CLEAR: Final[Mapping[str, str]] = {
    **_because(
        "of the installation, its people and what is published: it is of no case and of nobody in one",
        "actor.*", "absence.*", "alembic_version.*", "api_key.*", "bulk_move.*", "channel_change.*",
        "channel_setting.*",
        "contact.*", "definition_draft.*", "definition_version.*", "demo.*", "escalation_audit.*", "installation.*",
        "invitation.*", "known_device.*", "kept_form.*", "law_signature.*", "match_probe.*", "membership.*",
        "organisation.*", "preference.*", "recount.*", "recovery_code.*", "saved_numbers.*",
        "second_factor.*", "service.*", "session.*", "peer_hub.*",
        "shift.*", "sign_in_habit.*", "sign_in_try.*", "special_day.*", "unit.*", "wall_secret.*",
        "export_copy.*",
    ),
    **_because(
        "of an organisation that helps, not of a person: partners are found by place, kind and free places",
        "partner: kind capacity_free valid_until agreement_until updated_at",
    ),
    **_because(
        "proves that nothing was changed: chains, checkpoints, digests and who looked, by ids and kinds",
        "audit_chain.*", "audit_event.*", "checkpoint.*", "checkpoint_head.*", "reading.*",
        "event: seq at type hash", "event.body.sealed", "event.body.answers_hash", "event_words.seq",
        "case: revision chain_head chain_length",
    ),
    **_because(
        "a key that is wrapped, or a token or hash by keys outside the database",
        "hub_message.envelope", "data_key.*", "person_token.*", "search_token.*", "sender.*",
        "partner_link: token_hash code_hash session_hash",
        "attachment: address address_key", "document.sha256", "message: code_of link_hash", "command.answer.content",
    ),
    **_because(
        "published: counts of 11 people or more, of which no smaller one can be worked out, and medians of hours",
        "number_sheet: period published_at figures.* medians.*",
        "monthly_numbers: month made_at quarters[] figures.* medians.*",
    ),
    **_because(
        "ids of what was erased, so that a restored copy is erased again", "tombstone.*",
    ),
    **_because(
        "the order and the number of rows, and which of several changes at once counts",
        "answer.turn", "step: turn revision", "work_item: priority revision", "case_person.position",
        "attachment_part: copy_of number", "document.version", "event.body: rows round level",
    ),
    **_because(
        "lists and row-level security go by it: the number that people call a case by, its place, and where it stands",
        "case: number jurisdiction status opened_at closed_at", "report: received_at recorded_at",
        "run: workflow version definition_hash status started_at zone calendar jurisdiction",
        "command: answer.case_number at", "dispatch.workflow", "batch: workflow case_numbers[] opened_at closed_at",
    ),
    **_because(
        "lists show it and statistics count by it: which of a few sorts of exploitation was reported", "case.concern",
    ),
    **_because(
        "names of a published definition, by which work is found, offered and sorted",
        "step: key path uses", "step.gate", "work_item: step_key uses status candidate_roles[]",
        "event.body: name source offered.roles[] step_key",
        "step.added: uses title law ladder limit follow_up exclude[] roles[]", "step.added.settings.*",
        "step.added.origin: definition step follow_up again",
    ),
    **_because(
        "where work stands and when it was done: lists, history and statistics by month and outcome sort by it",
        "step: status outcome opened_at ended_at recorded_at", "work_item: opened_at ended_at", "answer.recorded_at",
        "draft.saved_at",
    ),
    **_because(
        "the sweep opens a step by it, and a time limit is counted from it", "step.opens_at",
        "step.added: opens_at from_at",
    ),
    **_because(
        "the State or country by whose calendar the days of an added step are counted", "step.added.place",
    ),
    **_because(
        "time limits fire by it, whichever keys are there; some are counted from an answer",
        "deadline: key path purpose limit law ladder zone calendar warn[] started_at due_at status breached_at "
        "ended_at fired[] next_at next_firing acknowledged_at failures deferred_until delay_owner budget_seconds "
        "consumed_seconds running_since discovered_at owner_named_at kept_until late_at counted_by raised.*",
        "deadline.pauses[]: start until reason_code", "deadline.extensions[]: more reason_code asked_at answered_at",
        "deadline.excluded[]: name start end", "deadline.calls[]: body ended ended_at",
        "deadline.calls[].askings[]: level round at", "deadline.calls[].ringings[]: at outcome noted_at",
        "event.body: firing planned_at before cause is_approved",
    ),
    **_because(
        "a limit leaves the stretch out, in the order of its beginning; where it led is encrypted",
        "interval: name start end",
    ),
    **_because(
        "the ledger of escalations, in words of ladders: who was notified, when, and why not",
        "escalation: level round planned_at fired_at channels[] acknowledged_at note ladder ladder_version",
    ),
    **_because(
        "a machine takes by it what it has to do next",
        "job: kind task status ready_at retries retry_delay timeout attempt token lease_until worker gateway "
        "announces[] done_by error_code created_at finished_at", "job.payload.*",
    ),
    **_because(
        "a message names case number, step and time limit, and nothing that was answered; outboxes sort by it",
        "message: key kind subject body link created_at read_at html",
        "delivery: channel status attempt next_at sent_at error_code lane first_tried_at tried_at drop_reason",
    ),
    **_because(
        "row-level security goes by it, and who may be notified: the part that a person has in a case, and since when",
        "case_person: role status added_at removed_at from_on until_on", "person.created_at",
    ),
    **_because(
        "access is decided by it in the database: what may be shown to whom, how long, and by which code it ended",
        "consent: kind purposes[] fields[] recipients[] valid_until recorded_at withdrawn_at expired_at",
        "grant: purpose fields[] valid_until ended_at granted_at kind second_at ended_reason",
        "recusal: reason reason_code set_at ended_at",
        "restriction: ground_code placed_at lifted_at",
        "emergency_access: reason_code hours asked_at ends_at flagged_at",
    ),
    **_because(
        "a code that was chosen, and when: what is for a second person or a partner is listed by it",
        "approval_request: kind asked_at reason_code seen needed answered_at ended_reason expires_at",
        "approval_request.subject.*", "approval_request.agreed.*",
        "referral: kind status fields[] sent_at due_at answered_at reason_code to_kind purpose help urgency ground "
        "keep_days ended_at ended_reason",
        "mirror: status kind purpose help urgency number jurisdiction offered_at due_at zone answered_at reason_code "
        "their_number their_due_at their_zone ended_at ended_reason erasure erasure_at",
        "partner_link: tries made_at expires_at opened_at session_until ended_at ended_reason",
        "hub_message: number kind at sent_at tried_at settled_at answer problem",
        "partner_view: at what count", "case_link: kind reason_code asked_at approved_at ended_at",
        "case_link.held_items.*", "person_merge: reason_code merged_at ended_at",
        "correction: kind reason_code made_at",
        "concern: kind raised_at status answered_at", "match_alert: kinds[] found_at seen_at answer answered_at",
        "match_check: asked_at deferred_until", "event.body: reason_code kind role outcome ended",
    ),
    **_because(
        "retention and erasure go by it",
        "erasure: source ground_code asked_at status cooling_until ended_at ended_reason keys_gone_at revision",
        "erasure_notice: sent_at due_at answered_at answer", "legal_hold: kind placed_at lifted_at",
        "retention_proposal: act policy policy_version due_at kept_until proposed_at decision decided_at",
    ),
    **_because(
        "papers and files are listed by it: what kind it is, as a definition names it; name and content are encrypted",
        "document: name title number made_at released_at",
        "attachment: kind status media_type size copy_size scan added_at",
    ),
}  # fmt: skip
"""Every readable place of the database that is not an id or a yes-or-no, and why it is: `table.column`, or `table.*`.

Paths inside JSON go on after the column; `[]` is a list.
"""
