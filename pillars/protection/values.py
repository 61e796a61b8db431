"""The closed lists of answers that the forms of Protection offer, with words where the key does not say enough."""

from typing import Literal

ConsentKind = Literal["consent", "assent", "guardian", "court"]
CONSENT_KIND = {
    "consent": "The adult agrees",
    "assent": "The child agrees too",
    "guardian": "The guardian or the Committee agrees for the child",
    "court": "A court decided",
}
Purpose = Literal[
    "referral", "sharing_with_partners", "rescue", "shelter", "health", "counselling", "legal_help", "police", "court",
    "home_investigation", "repatriation", "compensation", "media", "statistics", "other",
]  # fmt: skip
PURPOSE = {"media": "Press or a story (named, for this use only)", "statistics": "Numbers without names"}
Recipient = Literal[
    "partner_ngo", "police", "child_welfare_committee", "court", "legal_services", "hospital", "shelter", "embassy",
    "government_department", "home_country_partner", "family", "media", "other",
]  # fmt: skip
RECIPIENT = {"legal_services": "Legal Services Authority", "home_country_partner": "Partner in the home country"}
Covered = Literal[
    "case_summary", "name", "age_and_sex", "contact", "photo", "home_address", "language", "risks", "health_needs",
    "family", "police_papers", "court_papers", "no_personal_data",
]  # fmt: skip
COVERED = {"no_personal_data": "Nothing that identifies the person"}

Threat = Literal[
    "trafficker_near", "family_pressure", "debt", "phone_or_messages", "online_exposure", "community_shame",
    "self_harm", "retaliation_for_case", "police_or_officials", "none_known", "other",
]  # fmt: skip
THREAT = {
    "trafficker_near": "A trafficker lives nearby or knows the place",
    "family_pressure": "Pressure from the family",
    "phone_or_messages": "Calls or messages",
    "online_exposure": "Pictures or name on the internet",
    "community_shame": "Shame in the village",
    "self_harm": "The person is at risk of harming themselves",
    "retaliation_for_case": "Revenge because of the case",
    "police_or_officials": "Police or officials",
    "none_known": "None known",
}
SafetyLevel = Literal["critical", "high", "medium", "low"]

LegalBasis = Literal[
    "own_wish", "committee_order", "magistrate_order", "court_order", "police_emergency", "embassy", "other",
]  # fmt: skip
LEGAL_BASIS = {
    "own_wish": "The adult's own wish",
    "committee_order": "Order of the Child Welfare Committee",
    "police_emergency": "Emergency, no order yet",
}
OrderUnder = Literal["s17_1", "s17_3", "s17_4", "other", "unknown"]
ORDER_UNDER = {
    "s17_1": "17(1): kept safe until the person is before the right Magistrate",
    "s17_3": "17(2) and (3): kept while the Magistrate has the home looked into",
    "s17_4": "17(4): to stay in a protective home for the time that the order names",
    "other": "Another law",
    "unknown": "Not known",
}
OwnWish = Literal["wants_to_stay", "wants_to_leave", "unsure", "too_young_to_say", "not_asked"]
OWN_WISH = {"unsure": "Not sure"}

CustodyResult = Literal["released", "new_order", "home_inquiry", "still_held"]
CUSTODY_RESULT = {
    "released": "The person is free to go, or went home",
    "new_order": "There is a new order",
    "home_inquiry": "The Magistrate asked for a home inquiry first",
    "still_held": "The person is still held, and no new order is known to us",
}

HealthTriage = Literal["emergency", "urgent", "soon", "routine"]
HEALTH_TRIAGE = {"emergency": "At once", "urgent": "Today", "soon": "Within a week", "routine": "No hurry"}
SuicideScreen = Literal["no_risk_seen", "low", "high", "acute", "not_done"]
SUICIDE_SCREEN = {
    "no_risk_seen": "No risk seen",
    "acute": "Acute: do not leave the person alone",
    "not_done": "Not done yet",
}

SupportRole = Literal["support_person", "guardian", "legal_aid", "interpreter"]
SUPPORT_ROLE = {"legal_aid": "Legal-aid lawyer"}

Applicant = Literal["survivor", "family_member", "lawyer", "investigating_officer", "other_witness"]
ThreatCategory = Literal["A", "B", "C"]
THREAT_CATEGORY = {
    "A": "A: danger to life",
    "B": "B: danger to safety, reputation or property",
    "C": "C: moderate: harassment or intimidation",
}
Measure = Literal[
    "police_escort", "police_patrol", "new_place_to_live", "new_phone_number", "screen_in_court", "video_link",
    "closed_court", "name_withheld", "security_at_home", "money_help", "other",
]  # fmt: skip
