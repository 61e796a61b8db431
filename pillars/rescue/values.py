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

Recruitment = Literal[
    "at_a_business", "at_a_school", "at_work", "online_network", "online_advertisement", "television", "newspaper",
    "family", "friends", "agency", "marriage_offer", "other", "unknown",
]  # fmt: skip
RECRUITMENT = {
    "at_a_business": "At a shop, hotel or other business",
    "at_a_school": "At a school or college",
    "online_network": "Through a social network or chat",
    "online_advertisement": "Through an advertisement online",
    "television": "Through an advertisement on television",
    "newspaper": "Through an advertisement in a newspaper",
    "family": "Through the family, or at a family event",
    "friends": "Through friends, or at a social event",
    "agency": "Through a placement agency",
    "marriage_offer": "By an offer of marriage",
    "unknown": "Not known",
}
"""How somebody was found and won over: the ten codes of HTCDS, and two ways that are common here."""

TraffickerRelation = Literal["familial", "acquainted", "unacquainted", "unknown"]
TRAFFICKER_RELATION = {
    "familial": "Family or partner",
    "acquainted": "Someone the person knew",
    "unacquainted": "A stranger",
    "unknown": "Not known",
}

Industry = Literal[
    "agriculture", "mining", "manufacturing", "energy", "water_and_waste", "construction", "trade_and_repair",
    "transport", "hotels_and_food", "information", "finance", "real_estate", "professional", "support_services",
    "public_administration", "education", "health_and_care", "arts_and_entertainment", "other_services", "household",
    "international_bodies", "not_work", "unknown",
]  # fmt: skip
INDUSTRY = {
    "agriculture": "Farms, tea gardens, forests and fishing",
    "mining": "Mines and quarries",
    "manufacturing": "Factories and brick kilns",
    "energy": "Electricity and gas",
    "water_and_waste": "Water, sewage and waste",
    "construction": "Building sites",
    "trade_and_repair": "Shops, markets and garages",
    "transport": "Transport and storage",
    "hotels_and_food": "Hotels, tea stalls and restaurants",
    "information": "Computers, media and telephone, with scam centres",
    "finance": "Banks and insurance",
    "real_estate": "Houses and land",
    "professional": "Offices of lawyers, engineers and others",
    "support_services": "Cleaning, security, placement and travel agencies",
    "public_administration": "Offices of the State, and armed forces",
    "health_and_care": "Hospitals and care",
    "arts_and_entertainment": "Dance bars, circus, arts and sport",
    "other_services": "Parlours, spas and other services",
    "household": "In a household",
    "international_bodies": "Embassies and international bodies",
    "not_work": "It was no work",
    "unknown": "Not known",
}
"""The sections A to U of ISIC Rev.4 in their order, as HTCDS has them, in words for this region."""

Need = Literal[
    "disability", "pregnant_or_nursing", "own_small_children", "long_illness", "drug_or_alcohol_withdrawal",
    "cannot_read", "hearing_or_speech", "alone_without_family", "older_person", "stateless_or_without_papers",
    "diet_or_religion", "other", "none", "unknown",
]  # fmt: skip
NEED = {
    "disability": "Disability: moving, seeing or learning",
    "pregnant_or_nursing": "Pregnant or nursing",
    "own_small_children": "Has small children, here or elsewhere",
    "long_illness": "Illness that needs medicine every day",
    "drug_or_alcohol_withdrawal": "Was given drugs or alcohol",
    "cannot_read": "Cannot read",
    "hearing_or_speech": "Hearing or speech",
    "alone_without_family": "A child without family",
    "stateless_or_without_papers": "Has no papers, or belongs to no State",
    "diet_or_religion": "Food or religion",
    "none": "None of these",
    "unknown": "Not known",
}
"""The specific needs that shelters and health workers ask for, after the forms of Primero and GBVIMS."""
