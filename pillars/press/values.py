"""The closed lists of answers that the forms of Press offer, with their words where the key does not say enough."""

from typing import Literal

QueryStage = Literal["new", "waiting_for_decision", "answered", "refused", "no_comment"]
QUERY_STAGE = {"no_comment": "No comment was given"}
ToldSurvivor = Literal["yes", "no", "not_known", "not_safe", "does_not_want", "not_needed"]
TOLD_SURVIVOR = {
    "not_safe": "Not safe to tell",
    "does_not_want": "Does not want to hear",
    "not_needed": "Not about a case",
}

ReleaseKind = Literal["statement", "missing_appeal", "story"]
RELEASE_KIND = {"missing_appeal": "Appeal for a missing person"}
IdentityCheck = Literal[
    "no_name", "no_picture_of_survivor", "no_address_or_village", "no_school_or_workplace", "no_family_member",
    "no_voice", "no_case_number", "not_by_combination", "missing_person_exception",
]  # fmt: skip
IDENTITY_CHECK = {
    "no_name": "No name, nickname or initials",
    "no_voice": "No voice that can be known",
    "no_case_number": "No case or FIR number",
    "not_by_combination": "Details together do not point to one person",
    "missing_person_exception": "Name and picture are there because the person is missing",
}
ReleaseBasis = Literal["missing_person", "adult_consent", "authority_leave", "court_leave", "no_person_concerned"]
RELEASE_BASIS = {
    "missing_person": "To find a missing person",
    "adult_consent": "The adult survivor agrees, in writing",
    "authority_leave": "Leave of the Committee or the Board, for the child's good",
    "court_leave": "Leave of the court",
    "no_person_concerned": "It is about no person",
}
Findings = Literal["allowed_by_ground", "of_nobody"]
FINDINGS = {
    "allowed_by_ground": "It can stay, because of what allows the text",
    "of_nobody": "Each part was read again: it belongs to no one in the case, such as our own number",
}
SaidFindings = Literal["of_nobody", "already_said"]
SAID_FINDINGS = {
    "of_nobody": "Each part was read again: it belongs to no one in the case",
    "already_said": "It was said to the reporter: that is a leak",
}
Approval = Literal["press_officer", "lawyer", "case_manager", "supervisor", "survivor"]

Leaked = Literal[
    "name", "picture", "voice_or_video", "address_or_village", "school", "family", "phone_number", "case_papers",
    "intimate_image", "health", "other",
]  # fmt: skip
LEAKED = {"intimate_image": "Intimate picture or video", "case_papers": "FIR or other case papers"}
LeakLaw = Literal["JJ74", "POCSO23", "BNS72", "IPC228A", "BNS73", "IT_Act", "DPDP", "BD_law", "NP_law", "other"]
LEAK_LAW = {
    "JJ74": "JJ Act, section 74",
    "POCSO23": "POCSO Act, section 23",
    "BNS72": "BNS, section 72 (rape and related, BNS 64 to 71)",
    "IPC228A": "IPC, section 228A (the same, offence before 1 July 2024)",
    "BNS73": "BNS, section 73 (court matter)",
    "IT_Act": "Information Technology Act",
    "DPDP": "Digital Personal Data Protection Act",
    "BD_law": "Bangladesh law",
    "NP_law": "Nepal law",
}
ComplaintTo = Literal[
    "platform", "police", "cyber_cell", "child_rights_commission", "press_council", "broadcast_authority", "court",
    "data_protection_board", "other",
]  # fmt: skip
COMPLAINT_TO = {"platform": "The platform's grievance officer"}
SourceInternal = Literal["yes", "no", "suspected", "unknown"]
SOURCE_INTERNAL = {"yes": "Yes, it came from us or a partner", "suspected": "Perhaps"}

Watched = Literal[
    "newspapers", "television", "radio", "news_sites", "social_media", "video_sites", "chat_groups", "other"
]
Topic = Literal[
    "law_on_identity", "words_that_do_not_harm", "interviewing_survivors", "pictures_and_video", "trafficking_basics",
    "missing_person_appeals", "fact_checking", "other",
]  # fmt: skip
TOPIC = {"law_on_identity": "The law on naming survivors"}

Ground = Literal["court_or_government_order", "intimate_image", "urgent_complaint", "law_on_identity", "other"]
GROUND = {
    "court_or_government_order": "An order of a court or of the government",
    "intimate_image": "A complaint about an intimate picture or video",
    "urgent_complaint": "Another urgent complaint",
    "law_on_identity": "The law on identity alone: a paper or a station",
}
Door = Literal["platform", "appellate_committee", "police", "commission", "court"]
DOOR = {
    "platform": "The platform or paper itself",
    "appellate_committee": "The appellate committee for grievances",
    "police": "The police or the cyber cell",
    "commission": "A commission or council",
}
PlatformAnswer = Literal["none_yet", "acknowledged", "refused", "removed_in_part", "removed"]
PLATFORM_ANSWER = {
    "none_yet": "No answer yet",
    "acknowledged": "They have it and say so",
    "removed_in_part": "Some of it is gone",
    "removed": "It is gone",
}
