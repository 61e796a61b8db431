"""The closed lists of answers that the forms of Policing offer, with their words where the key does not say enough."""

from typing import Literal

Section = Literal[
    "BNS143", "BNS144", "BNS64_71", "BNS95", "BNS96", "BNS97", "BNS98", "BNS99", "BNS111", "BNS137", "BNS139", "BNS141",
    "BNS146", "IPC370", "IPC370A", "POCSO", "JJ74", "JJ75", "JJ79", "JJ81", "ITPA", "bonded_labour", "child_labour",
    "child_marriage", "IT_Act", "BD_trafficking", "NP_trafficking", "MM_trafficking", "BNS143_2", "BNS143_3",
    "BNS143_4", "SCST", "other",
]  # fmt: skip
SECTION = {
    "BNS143": "BNS 143 (trafficking; the sub-section is not known)",
    "BNS143_2": "BNS 143(2) (trafficking of one adult: 7 to 10 years)",
    "BNS143_3": "BNS 143(3) (trafficking of several people: 10 years or more)",
    "BNS143_4": "BNS 143(4) to (7) (a child, a repeated offence, an official: 10 years or more)",
    "BNS144": "BNS 144 (exploiting a trafficked person)",
    "BNS64_71": "BNS 64 to 71 (rape and related)",
    "BNS95": "BNS 95 (using a child to commit an offence)",
    "BNS96": "BNS 96 (procuring a child)",
    "BNS97": "BNS 97 (kidnapping a child under ten to steal)",
    "BNS98": "BNS 98 (selling a child)",
    "BNS99": "BNS 99 (buying a child)",
    "BNS111": "BNS 111 (organised crime)",
    "BNS137": "BNS 137 (kidnapping)",
    "BNS139": "BNS 139 (kidnapping a child for begging)",
    "BNS141": "BNS 141 (bringing a girl or boy from abroad)",
    "BNS146": "BNS 146 (forced labour)",
    "IPC370": "IPC 370 (trafficking, before 1 July 2024)",
    "IPC370A": "IPC 370A (exploitation, before 1 July 2024)",
    "POCSO": "POCSO Act (sexual offence against a child)",
    "JJ74": "JJ Act 74 (identity of a child made public)",
    "JJ75": "JJ Act 75 (cruelty to a child)",
    "JJ79": "JJ Act 79 (exploiting a working child)",
    "JJ81": "JJ Act 81 (sale of a child)",
    "ITPA": "Immoral Traffic (Prevention) Act",
    "bonded_labour": "Bonded Labour System (Abolition) Act",
    "child_labour": "Child and Adolescent Labour Act",
    "SCST": "Scheduled Castes and Tribes (Prevention of Atrocities) Act",
    "child_marriage": "Prohibition of Child Marriage Act",
    "IT_Act": "Information Technology Act",
    "BD_trafficking": "Bangladesh: trafficking law",
    "NP_trafficking": "Nepal: trafficking Act",
    "MM_trafficking": "Myanmar: trafficking law",
}

Code = Literal["BNS", "IPC", "BD", "NP", "MM"]
CODE = {
    "BNS": "India: BNS (offence on or after 1 July 2024)",
    "IPC": "India: IPC (offence before 1 July 2024)",
    "BD": "Bangladesh",
    "NP": "Nepal",
    "MM": "Myanmar",
}

District = Literal[
    "dima_hasao", "karbi_anglong", "west_karbi_anglong", "shillong_town", "east_khasi_hills", "west_khasi_hills",
    "south_west_khasi_hills", "eastern_west_khasi_hills", "ri_bhoi", "east_jaintia_hills", "west_jaintia_hills",
    "east_garo_hills", "north_garo_hills", "south_garo_hills", "south_west_garo_hills", "west_garo_hills",
    "another", "unknown",
]  # fmt: skip
DISTRICT = {
    "dima_hasao": "Dima Hasao",
    "karbi_anglong": "Karbi Anglong",
    "west_karbi_anglong": "West Karbi Anglong",
    "west_khasi_hills": "West Khasi Hills",
    "south_west_khasi_hills": "South West Khasi Hills",
    "eastern_west_khasi_hills": "Eastern West Khasi Hills",
    "ri_bhoi": "Ri Bhoi",
    "east_jaintia_hills": "East Jaintia Hills",
    "west_jaintia_hills": "West Jaintia Hills",
    "east_garo_hills": "East Garo Hills",
    "north_garo_hills": "North Garo Hills",
    "south_garo_hills": "South Garo Hills",
    "south_west_garo_hills": "South West Garo Hills",
    "west_garo_hills": "West Garo Hills",
    "shillong_town": "Shillong, inside the municipality",
    "east_khasi_hills": "East Khasi Hills, outside the municipality of Shillong",
    "another": "Another district",
    "unknown": "Not known",
}

OtherUnit = Literal[
    "ahtu_other_district", "ahtu_other_state", "border_force", "railway_police", "cyber_cell", "juvenile_police",
    "labour_department", "women_help_desk", "other", "none",
]  # fmt: skip
OTHER_UNIT = {
    "ahtu_other_district": "Anti-Human Trafficking Unit of another district",
    "ahtu_other_state": "Anti-Human Trafficking Unit of another State",
    "juvenile_police": "Special Juvenile Police Unit",
    "none": "No other unit",
}

InquiryHead = Literal[
    "recruiter", "transporter", "place_of_exploitation", "buyers", "money", "phones_and_accounts", "false_papers",
    "other_survivors", "organised_group", "officials", "other",
]  # fmt: skip
INQUIRY_HEAD = {
    "money": "Where the money went",
    "organised_group": "An organised group",
    "officials": "Officials who helped",
}

Item = Literal[
    "phone", "sim_card", "computer", "storage_device", "chat_export", "photo_or_video", "cctv", "document", "money",
    "bank_record", "clothing", "sample", "vehicle", "weapon", "other",
]  # fmt: skip
ITEM = {"cctv": "CCTV recording", "sample": "Sample for the laboratory", "sim_card": "SIM card"}

ConsentBy = Literal["person", "person_and_guardian", "guardian", "committee", "court", "not_given"]
CONSENT_BY = {
    "person": "The person",
    "person_and_guardian": "The child and the guardian",
    "committee": "Child Welfare Committee",
    "not_given": "No one: consent was not given",
}

Sample = Literal["blood", "urine", "swab", "clothing", "nails", "hair", "other", "none"]
SAMPLE = {"none": "No sample was taken"}

Mode = Literal["in_person", "phone", "letter", "message", "video_call", "through_support_person", "other"]

Stage = Literal[
    "investigation", "charge_sheet_filed", "final_report_filed", "trial", "judgment", "closed_by_police", "other"
]
STAGE = {"final_report_filed": "Police ask the court to close it", "closed_by_police": "Closed by the police"}

Custody = Literal["in_custody", "on_bail", "some_in_custody", "absconding", "not_arrested", "unknown"]
CUSTODY = {"some_in_custody": "Some in custody, some not", "absconding": "Run away"}

LetterMode = Literal["by_hand", "registered_post", "email", "other"]

HandReason = Literal["to_storage", "to_laboratory", "to_court", "to_other_unit", "returned", "other"]
HAND_REASON = {
    "to_storage": "To the store (malkhana)",
    "to_laboratory": "To the laboratory",
    "to_court": "To the court",
    "to_other_unit": "To another unit",
    "returned": "Back from there",
}

Order = Literal["pending", "register", "inquiry", "refused", "other"]
ORDER = {
    "pending": "No decision yet",
    "register": "The police must register it",
    "inquiry": "The Magistrate inquires first",
    "refused": "The application was refused",
}
