"""The closed lists of answers that the forms of Prosecution offer, with words where the key does not say enough."""

from typing import Literal

CounselKind = Literal["legal_aid", "ngo_lawyer", "private", "public_prosecutor", "special_public_prosecutor", "other"]
COUNSEL_KIND = {"legal_aid": "Legal-aid lawyer", "ngo_lawyer": "Lawyer of an NGO", "private": "Private lawyer"}
Right = Literal[
    "free_lawyer", "interpreter", "support_person", "to_be_heard", "to_be_told", "closed_court",
    "no_identity_published", "protection", "compensation", "to_say_no", "other",
]  # fmt: skip
RIGHT = {
    "to_be_heard": "To be heard in court",
    "to_be_told": "To be informed how the case is going",
    "no_identity_published": "No one may publish who the person is",
    "to_say_no": "To say no, and still get help",
}
Wish = Literal["yes", "no", "unsure", "not_asked"]
WISH = {"unsure": "Not sure yet", "not_asked": "Not asked yet"}

StatementSection = Literal["BNSS183", "NP6", "BD", "other"]
STATEMENT_SECTION = {
    "BNSS183": "India: BNSS, section 183",
    "NP6": "Nepal: trafficking Act, section 6",
    "BD": "Bangladesh",
    "other": "Another law",
}
CopyStatus = Literal["given", "asked_for", "refused", "sealed", "not_asked"]
COPY_STATUS = {"sealed": "Sealed by the court: no copy", "not_asked": "Not asked for"}

HearingPurpose = Literal[
    "remand", "bail", "cognizance", "charge", "evidence", "arguments", "judgment", "custody_of_survivor",
    "compensation", "appeal", "other",
]  # fmt: skip
HEARING_PURPOSE = {
    "remand": "Custody of a suspect (remand)",
    "cognizance": "The court takes up the case",
    "charge": "The charge is framed",
    "evidence": "Witnesses are heard",
    "custody_of_survivor": "Where the survivor stays",
}

PutOffBy = Literal["court", "prosecution", "defence", "survivor", "other", "unknown"]
PUT_OFF_BY = {"survivor": "The survivor asked for it", "unknown": "Not known"}

Result = Literal["convicted", "partly_convicted", "acquitted", "discharged", "withdrawn", "settled", "other"]
RESULT = {"partly_convicted": "Convicted of a part, or some of the accused"}
Convicted = Literal[
    "BNS143", "BNS144", "BNS64_71", "BNS111", "BNS137", "BNS146", "IPC370", "IPC370A", "POCSO", "JJ75", "JJ79", "ITPA",
    "bonded_labour", "child_labour", "BD_trafficking", "NP_trafficking", "MM_trafficking", "other",
]  # fmt: skip
CONVICTED = {
    "BNS143": "BNS 143 (trafficking)",
    "BNS144": "BNS 144 (exploiting a trafficked person)",
    "BNS64_71": "BNS 64 to 71 (rape and related)",
    "BNS111": "BNS 111 (organised crime)",
    "BNS137": "BNS 137 (kidnapping)",
    "BNS146": "BNS 146 (forced labour)",
    "IPC370": "IPC 370 (trafficking)",
    "IPC370A": "IPC 370A (exploitation)",
    "POCSO": "POCSO Act",
    "JJ75": "JJ Act 75 (cruelty to a child)",
    "JJ79": "JJ Act 79 (exploiting a working child)",
    "ITPA": "Immoral Traffic (Prevention) Act",
    "bonded_labour": "Bonded Labour System (Abolition) Act",
    "child_labour": "Child and Adolescent Labour Act",
    "BD_trafficking": "Bangladesh: trafficking law",
    "NP_trafficking": "Nepal: trafficking Act",
    "MM_trafficking": "Myanmar: trafficking law",
}
ReleaseRisk = Literal["free_now", "soon", "later", "not_expected", "unknown"]
RELEASE_RISK = {
    "free_now": "They are free already",
    "soon": "They could be free within a month",
    "later": "They could be free later",
    "not_expected": "Not for years",
}
