"""The closed lists of answers that the forms of Rescue offer, with their words where the key does not say enough."""

from typing import Literal

Source = Literal[
    "survivor", "family", "informant", "helpline", "partner", "police", "surveillance", "online", "inspection", "other",
]  # fmt: skip
SOURCE = {"surveillance": "Seen by our own people", "inspection": "Labour inspection"}

TeamMember = Literal[
    "social_worker", "woman_member", "counsellor", "interpreter", "nurse_or_doctor", "lawyer", "driver", "other", "none"
]
TEAM_MEMBER = {"woman_member": "Woman team member", "nurse_or_doctor": "Nurse or doctor", "none": "No one from an NGO"}

SpokenLanguage = Literal[
    "as", "bn", "brx", "en", "grt", "hi", "kha", "lus", "mni", "my", "nag", "ne", "syl", "trp", "other", "none",
]  # fmt: skip
SPOKEN_LANGUAGE = {
    "as": "Assamese", "bn": "Bengali", "brx": "Bodo", "en": "English", "grt": "Garo", "hi": "Hindi", "kha": "Khasi",
    "lus": "Mizo", "mni": "Manipuri", "my": "Burmese", "nag": "Nagamese", "ne": "Nepali", "syl": "Sylheti",
    "trp": "Kokborok", "none": "No interpreter is needed",
}  # fmt: skip

SearchWarrant = Literal["not_needed", "asked_for", "granted", "refused", "reasons_recorded"]
SEARCH_WARRANT = {
    "asked_for": "Asked for, no answer yet",
    "reasons_recorded": "No time: reasons are recorded instead",
}

Secrecy = Literal["team_only", "unit", "partners"]
SECRECY = {
    "team_only": "Only the rescue team",
    "unit": "Our unit",
    "partners": "Our unit and the partners who take part",
}

PaperRecovered = Literal[
    "passport",
    "identity_card",
    "birth_certificate",
    "school_papers",
    "bank_papers",
    "contract",
    "phone",
    "other",
    "none",
]
PAPER_RECOVERED = {"none": "None were found"}

FamilyCall = Literal["yes", "no", "unsure", "does_not_want"]
FAMILY_CALL = {"unsure": "Not sure: do not call yet", "does_not_want": "The person does not want it"}

Authority = Literal["CWC", "Magistrate", "SDM", "Embassy", "DC_office"]
AUTHORITY = {
    "CWC": "Child Welfare Committee",
    "SDM": "Sub-Divisional Magistrate",
    "DC_office": "Deputy Commissioner's office",
}

OrderType = Literal[
    "placement", "interim_custody", "released", "restored_to_family", "release_certificate", "other", "no_order_yet"
]
ORDER_TYPE = {
    "placement": "Placed in a home or shelter",
    "interim_custody": "Kept in care for a short time",
    "released": "Free to go",
    "restored_to_family": "Back to the family",
    "release_certificate": "Release certificate (bonded labour)",
}

OrderUnder = Literal["s17_1", "s17_3", "s17_4", "other", "unknown"]
ORDER_UNDER = {
    "s17_1": "17(1): kept safe until the person is before the right Magistrate",
    "s17_3": "17(2) and (3): kept while the Magistrate has the home looked into",
    "s17_4": "17(4): to stay in a protective home for the time that the order names",
    "other": "Another law",
    "unknown": "Not known",
}

Sex = Literal["female", "male", "transgender", "other", "unknown"]

Status = Literal["possible", "actual", "not"]
STATUS = {
    "possible": "Possible victim of trafficking",
    "actual": "Victim of trafficking",
    "not": "Not a victim of trafficking",
}

DecidedBy = Literal["police", "ngo", "court_or_prosecution", "other_government_body", "other"]
DECIDED_BY = {"ngo": "NGO"}

Indicator = Literal[
    "cannot_leave", "papers_taken", "unpaid_or_low_pay", "debt", "injuries", "fear", "watched_or_spoken_for",
    "long_hours", "underage", "false_promise", "moved_often", "other", "none",
]  # fmt: skip
INDICATOR = {
    "papers_taken": "Identity papers were taken away",
    "unpaid_or_low_pay": "No pay or very low pay",
    "watched_or_spoken_for": "Someone watches or speaks for the person",
    "long_hours": "Very long hours of work",
    "underage": "Could be under 18",
    "none": "None of these",
}

Act = Literal["recruitment", "transportation", "transfer", "harbouring", "receipt", "none", "unknown"]
ACT = {
    "transfer": "Handed over to others",
    "harbouring": "Kept somewhere",
    "receipt": "Received from others",
    "none": "None of these",
}

Means = Literal[
    "physical_threats", "threats_of_police", "threats_to_family", "debt_bondage", "false_promises", "physical_abuse",
    "sexual_abuse", "takes_earnings", "restricts_money", "restricts_medical_care", "withholds_necessities",
    "psychological_abuse", "drugs_or_alcohol", "excessive_hours", "withholds_papers", "other", "none", "unknown",
]  # fmt: skip
MEANS = {
    "restricts_money": "Keeps the person from money",
    "restricts_medical_care": "Keeps the person from a doctor",
    "withholds_necessities": "Keeps back food, water or sleep",
    "psychological_abuse": "Breaks the person's will by words or shame",
    "none": "None of these",
}

Purpose = Literal[
    "forced_labour", "sexual_exploitation", "child_labour", "forced_marriage", "servitude", "armed_groups",
    "organ_removal", "forced_begging", "forced_adoption", "surrogacy", "forced_criminality", "other", "none", "unknown",
]  # fmt: skip
PURPOSE = {"forced_criminality": "Made to commit crime, such as online scams", "none": "None of these"}

AgeDocument = Literal[
    "school_record", "birth_certificate", "municipal_record", "identity_card", "passport", "medical_test", "none"
]
AGE_DOCUMENT = {"none": "No document yet: treat a young person as a child"}
