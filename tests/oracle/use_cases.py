"""The right that each action asks for which a person calls and which names no case: one without a rule fails."""

from typing import Final

FUNCTIONS: Final[dict[str, str]] = {
    f"{subject}.{name}": right
    for right, subjects in {
        "": {
            "people": "note_absence end_absence hand_over has_factor propose proposal confirm"
            " new_recovery_codes give_or_ask",
            "deadlines": "acknowledge_by_link mark_read",
            "messages": "set_contact preference_of save_preference choose_page_language",
            "approvals": "raise_concern take_answer",
            "cases": "own_report open_within write_opening command_on_case require_own note_reading require_pace"
            " note_refusal save_filter delete_filter",
            "definitions": "law_page proposed_changes proposed_retirement as_stored my_drafts",
            "sign_in": "kept_form newest_kept_form drop_form change_password sessions_of end_session"
            " end_other_sessions require_step_up step_up",
            "sharing": "read_directory hold_or_send",
            "numbers": "save_numbers make_monthly delete_numbers",
            "retention": "ask_release",
            "persons": "new_link",
        },
        "admin": {
            "cases": "take_from_public",
            "hubs": "own_card change_own_keys ask_peer end_peer",
            "messages": "set_channel disable_channel try_channel retry_delivery drop_delivery",
            "retention": "standing answer_release",
            "deadlines": "retry_deadlines confirm_clock",
            "people": "new_link add_unit change_unit invite invite_to give_role give_role_to name_hub"
            " take_role set_supervisor end_all_sessions deactivate activate set_disabled"
            " answer_lost remove_factor add_key keys revoke_key keys_ending",
            "keys": "rotate_keys rotate_organisation retire_key reencrypt_case export_keys prove_export"
            " note_backup_proved note_backup_made key_state turn_period_now rotate_index rotate_chains"
            " rotate_signing",
            "definitions": "preview_day preview_removal add_special_day remove_special_day",
            "jobs": "retry_job skip_job pause_jobs resume_jobs",
        },
        "people": {
            "people": "report_lost answer_role answer_link",
            "hubs": "refuse_peer",
        },
        "law": {
            "definitions": "sign_limit revoke_signature",
        },
        "publish": {
            "definitions": "preview_files propose_definition propose_files roll_back open_draft save_draft undo_draft"
            " propose_retirement",
        },
        "agree": {
            "definitions": "answer_proposal answer_retirement",
        },
        "rota": {
            "people": "plan_shift cancel_shift",
        },
        "report": {
            "cases": "open_case take_brought",
        },
        "reveal": {
            "access": "emergency_access",
            "documents": "open_document print_document",
            "persons": "find_people",
        },
        "confirm": {
            "access": "answer_emergency_access",
        },
        "hear": {
            "approvals": "read_concern answer_concern",
        },
        "consent": {
            "sharing": "withdraw_consent",
        },
        "erase": {
            "retention": "approve_erasure end_erasure answer_notice decide_proposal",
            "overview": "ask_copy answer_copy link_to_copy fetch_copy",
        },
        "lead": {
            "course": "plan_moves start_moves stop_moves undo_moves",
            "persons": "mark_match_seen answer_match",
            "hubs": "confirm_peer",
            "work": "hand_over_work",
            "imports": "check_table import_cases",
        },
        "refer": {
            "hubs": "accept_request decline_request",
            "sharing": "make_partner_link read_note accept_referral decline_referral end_help recall_referral"
            " reroute_referral",
        },
        "release": {
            "hubs": "disclose_to_hub answer_erasure",
            "documents": "release_document",
            "sharing": "release_referral refuse_release",
        },
    }.items()
    for subject, names in subjects.items()
    for name in names.split()
}
"""A right that is empty is everybody's, for what is their own, or is asked where the function is called from."""

LOOKS_FIRST: Final = {
    "cases.open_case",
    "definitions.preview_files",
    "definitions.propose_definition",
    "definitions.propose_files",
    "retention.answer_notice",
    "retention.decide_proposal",
}
"""What says first that there is nothing in what was sent; the pages of these are asked in `test_acts.py`."""
