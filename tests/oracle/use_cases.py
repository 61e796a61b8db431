"""The right that each use case asks for which a person calls and which names no case: one without a rule fails."""

from typing import Final

FUNCTIONS: Final[dict[str, str]] = {
    f"{module}.{name}": right
    for right, modules in {
        "": {
            "absences": "note_absence end_absence",
            "acknowledge": "acknowledge_by_link mark_read",
            "channels": "set_contact",
            "concerns": "raise_concern",
            "deciding": "command_on_case require_own",
            "kept_forms": "kept_form newest_kept_form drop_form",
            "on_call": "hand_over",
            "own_account": "change_password sessions_of end_session end_other_sessions",
            "preferences": "preference_of save_preference",
            "readings": "note_reading require_pace note_refusal",
            "second_factor": "has_factor propose proposal confirm new_recovery_codes",
            "step_up": "require_step_up step_up",
            "releasing": "hold_or_send",
            "special_days": "as_stored",
            "two_cases": "new_link",
        },
        "admin": {
            "channels": "set_channel disable_channel try_channel",
            "dead_letters": "retry_delivery drop_delivery",
            "fire_deadlines": "retry_deadlines",
            "firing_guard": "confirm_clock",
            "invitations": "new_link",
            "keys": "rotate_keys rotate_organisation retire_key reseal_case export_keys prove_export key_state",
            "manage_people": "add_unit change_unit invite invite_to give_role take_role set_supervisor"
            " end_all_sessions deactivate activate set_disabled",
            "preview": "preview_day preview_removal",
            "second_factor": "answer_lost remove_factor",
            "serve_jobs": "retry_job",
            "service_accounts": "add_key keys revoke_key",
            "special_days": "add_special_day remove_special_day",
        },
        "people": {"second_factor": "report_lost"},
        "publish": {"preview": "preview_files", "publish": "publish_definition publish_files"},
        "rota": {"on_call": "plan_shift cancel_shift"},
        "report": {"open_case": "open_case"},
        "reveal": {"break_glass": "break_glass", "reveal_answers": "open_document"},
        "confirm": {"break_glass": "answer_break_glass"},
        "hear": {"concerns": "read_concern answer_concern"},
        "consent": {"consents": "withdraw_consent"},
        "erase": {
            "erasure": "approve_erasure end_erasure answer_notice",
            "exports": "ask_copy answer_copy link_to_copy fetch_copy",
            "retention": "decide_proposal",
        },
        "lead": {"matches": "mark_match_seen"},
        "refer": {
            "partner_links": "make_partner_link",
            "referral_notes": "read_note",
            "referrals": "accept_referral decline_referral recall_referral reroute_referral",
        },
        "release": {"releasing": "release_referral"},
    }.items()
    for module, names in modules.items()
    for name in names.split()
}
"""A right that is empty is everybody's, for what is their own, or is asked where the function is called from."""

LOOKS_FIRST: Final = {
    "erasure.answer_notice", "retention.decide_proposal", "open_case.open_case", "preview.preview_files",
    "publish.publish_definition", "publish.publish_files",
}  # fmt: skip
"""What says first that there is nothing in what was sent; the pages of these are asked in `test_acts.py`."""
