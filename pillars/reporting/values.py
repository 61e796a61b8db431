"""The closed lists of answers that the forms of Reporting offer, with their words where the key does not say enough."""

from typing import Literal

Channel = Literal[
    "phone_call", "helpline", "walk_in", "message", "email", "web_form", "police", "childline", "village_council",
    "church", "school", "hospital", "partner", "media", "outreach", "other",
]  # fmt: skip
CHANNEL = {
    "helpline": "Helpline (1098, 112, 181 or another)",
    "message": "Text or chat message",
    "childline": "Childline",
    "village_council": "Village council or dorbar",
    "church": "Church or faith group",
    "partner": "Partner organisation",
}

Relation = Literal[
    "self", "parent", "other_family", "neighbour", "friend", "employer", "teacher", "health_worker", "police",
    "official", "organisation", "passer_by", "other", "unknown",
]  # fmt: skip
RELATION = {"self": "The person themselves", "official": "Official or village council"}

YesNoUnsure = Literal["yes", "no", "unsure"]
YES_NO_UNSURE = {"unsure": "Not sure"}

Concern = Literal[
    "child_labour", "bonded_labour", "forced_labour", "domestic_work", "sexual_exploitation", "online_abuse",
    "early_marriage", "forced_criminality", "organ_removal", "child_sale", "missing_person", "stopped_on_the_way",
    "unsafe_migration", "coming_home", "identity_leak", "compensation", "other",
]  # fmt: skip
CONCERN = {
    "forced_labour": "Forced labour",
    "bonded_labour": "Bonded labour: working to pay off a debt",
    "domestic_work": "Work in a household, perhaps through an agency",
    "online_abuse": "Sexual abuse online, or blackmail with pictures",
    "child_sale": "A child sold, or an illegal adoption or surrogacy",
    "stopped_on_the_way": "Someone stopped at a border or a station",
    "coming_home": "Someone far away who is to come home",
    "compensation": "Compensation for something that happened earlier",
    "forced_criminality": "Made to commit crime, such as online scams",
    "identity_leak": "Someone's identity was made public",
    "early_marriage": "Early or forced marriage",
}

Platform = Literal[
    "facebook", "instagram", "telegram", "whatsapp", "tiktok", "youtube", "imo", "viber", "line", "job_site",
    "dating_app", "game", "other",
]  # fmt: skip
PLATFORM = {
    "tiktok": "TikTok", "youtube": "YouTube", "imo": "imo", "line": "LINE", "whatsapp": "WhatsApp",
    "job_site": "A site with job offers", "dating_app": "An app to meet people", "game": "A game",
}  # fmt: skip

ConsentToRecord = Literal["yes", "no", "not_asked", "not_able"]
CONSENT_TO_RECORD = {"not_asked": "It was not safe to ask", "not_able": "They could not answer"}

RiskLevel = Literal["critical", "high", "medium", "low"]
AgeBand = Literal["under_6", "6_to_11", "12_to_17", "18_to_24", "25_to_59", "60_and_over", "unknown"]
AGE_BAND = {
    "under_6": "Under 6",
    "6_to_11": "6 to 11",
    "12_to_17": "12 to 17",
    "18_to_24": "18 to 24",
    "25_to_59": "25 to 59",
    "60_and_over": "60 and over",
}

Exploitation = Literal[
    "forced_labour", "bonded_labour", "child_labour", "domestic_servitude", "sexual_exploitation",
    "online_sexual_abuse", "forced_marriage", "forced_begging", "forced_criminality", "forced_military",
    "organ_removal", "forced_adoption", "surrogacy", "other", "unknown",
]  # fmt: skip
EXPLOITATION = {"forced_military": "Made to fight or serve armed groups", "surrogacy": "Forced surrogacy"}

Act = Literal["recruitment", "transportation", "transfer", "harbouring", "receipt", "none_seen", "unknown"]
ACT = {
    "transfer": "Handed over to others",
    "harbouring": "Kept somewhere",
    "receipt": "Received from others",
    "none_seen": "None of these",
}

Means = Literal[
    "threat", "force", "abduction", "fraud", "deception", "abuse_of_power", "abuse_of_weakness", "payment_for_control",
    "none_seen", "unknown",
]  # fmt: skip
MEANS = {
    "deception": "Lies or false promises",
    "abuse_of_weakness": "Use of a weak position, such as debt or illness",
    "payment_for_control": "Money paid to someone who controls the person",
    "none_seen": "None of these",
}

TriageDecision = Literal["rescue", "protect", "police", "refer", "prevention", "not_trafficking"]
TRIAGE_DECISION = {
    "rescue": "Plan a rescue",
    "protect": "Protect the person first",
    "police": "Go to the police",
    "refer": "Send to another unit",
    "prevention": "Prevent: it has not happened yet",
}

MatchType = Literal["victim", "trafficker", "phone", "vehicle", "address", "bank", "handle"]
MATCH_TYPE = {
    "victim": "The same survivor",
    "trafficker": "The same suspect",
    "bank": "Bank account",
    "handle": "Online name",
}
MatchOutcome = Literal["same", "different", "unknown"]

Sex = Literal["female", "male", "transgender", "other", "unknown"]

NotifyLaw = Literal["POCSO19", "JJ32", "BNSS33", "BD17", "NP5"]
NOTIFY_LAW = {
    "POCSO19": "POCSO Act, section 19 (India: sexual offence against a child)",
    "JJ32": "Juvenile Justice Act, section 32 (India: child found alone)",
    "BNSS33": "BNSS, section 33 (India: duty to report some offences)",
    "BD17": "Bangladesh trafficking law, section 17",
    "NP5": "Nepal trafficking Act, section 5",
}
NotifyMode = Literal["in_person", "phone", "letter", "email", "portal", "other"]
NOTIFY_MODE = {"portal": "Government portal"}
Assent = Literal["yes", "no", "not_known", "too_young", "not_asked"]

ReferralKind = Literal["referral", "transfer", "consult"]
REFERRAL_KIND = {
    "referral": "Referral: both units work on it",
    "transfer": "Transfer: they take it over",
    "consult": "Advice only",
}
ReferralPurpose = Literal[
    "rescue", "shelter", "health", "counselling", "legal_aid", "police", "home_investigation", "repatriation",
    "rehabilitation", "livelihood", "compensation", "moved_away", "other",
]  # fmt: skip
REFERRAL_PURPOSE = {"moved_away": "The person has moved"}
SharedField = Literal[
    "case_summary", "name", "age_and_sex", "contact", "photo", "home_address", "language", "risks", "health_needs",
    "family", "police_papers", "court_papers", "no_personal_data",
]  # fmt: skip
SHARED_FIELD = {"no_personal_data": "Nothing that identifies the person"}
Urgency = Literal["critical", "high", "other"]
URGENCY = {
    "critical": "Critical: answer within 4 hours",
    "high": "High: answer within 24 hours",
    "other": "Other: answer within 3 days",
}
