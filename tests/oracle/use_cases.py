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
            "law_pages": "law_page",
            "kept_forms": "kept_form newest_kept_form drop_form",
            "on_call": "hand_over",
            "partners": "read_directory",
            "proposals": "proposed_changes",
            "custody": "ask_release",
            "own_account": "change_password sessions_of end_session end_other_sessions",
            "preferences": "preference_of save_preference",
            "readings": "note_reading require_pace note_refusal",
            "second_factor": "has_factor propose proposal confirm new_recovery_codes",
            "step_up": "require_step_up step_up",
            "approvals": "take_answer answer_as_it_stands",
            "releasing": "hold_or_send",
            "special_days": "as_stored",
            "two_cases": "new_link",
            "agreed_roles": "give_or_ask",
        },
        "admin": {
            "channels": "set_channel disable_channel try_channel",
            "custody": "standing answer_release",
            "dead_letters": "retry_delivery drop_delivery",
            "fire_deadlines": "retry_deadlines",
            "firing_guard": "confirm_clock",
            "invitations": "new_link",
            "keys": "rotate_keys rotate_organisation retire_key reseal_case export_keys prove_export note_backup_proved"
            " key_state",
            "manage_people": "add_unit change_unit invite invite_to give_role give_role_to name_hub"
            " take_role set_supervisor"
            " end_all_sessions deactivate activate set_disabled",
            "key_periods": "turn_period_now",
            "preview": "preview_day preview_removal",
            "rotating": "rotate_index rotate_chains rotate_signing",
            "second_factor": "answer_lost remove_factor",
            "serve_jobs": "retry_job",
            "service_accounts": "add_key keys revoke_key",
            "special_days": "add_special_day remove_special_day",
        },
        "people": {"second_factor": "report_lost", "agreed_roles": "answer_role", "invitations": "answer_link"},
        "law": {"law_signing": "sign_limit revoke_signature"},
        "publish": {"preview": "preview_files", "proposals": "propose_definition propose_files"},
        "agree": {"proposals": "answer_proposal"},
        "rota": {"on_call": "plan_shift cancel_shift"},
        "report": {"open_case": "open_case"},
        "reveal": {"break_glass": "break_glass", "documents": "open_document print_document"},
        "confirm": {"break_glass": "answer_break_glass"},
        "hear": {"concerns": "read_concern answer_concern"},
        "consent": {"consents": "withdraw_consent"},
        "erase": {
            "erasure": "approve_erasure end_erasure answer_notice",
            "exports": "ask_copy answer_copy link_to_copy fetch_copy",
            "retention": "decide_proposal",
        },
        "lead": {"matches": "mark_match_seen answer_match"},
        "refer": {
            "partner_links": "make_partner_link",
            "referral_notes": "read_note",
            "referrals": "accept_referral decline_referral recall_referral reroute_referral",
        },
        "release": {"documents": "release_document", "releasing": "release_referral refuse_release"},
    }.items()
    for module, names in modules.items()
    for name in names.split()
}
"""A right that is empty is everybody's, for what is their own, or is asked where the function is called from."""

LOOKS_FIRST: Final = {
    "erasure.answer_notice", "retention.decide_proposal", "open_case.open_case", "preview.preview_files",
    "proposals.propose_definition", "proposals.propose_files",
}  # fmt: skip
"""What says first that there is nothing in what was sent; the pages of these are asked in `test_acts.py`."""
