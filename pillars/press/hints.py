"""Signs in a draft that need no knowledge of the case: an age, the only daughter, the work of a relative, a caption."""

import re
from collections.abc import Mapping
from typing import Final

from pillars.press.days import composed, pattern

_NO_LETTER_BEFORE: Final = r"(?<![\u0900-\u09ff-])"
_WORK_IN_ENGLISH: Final = (
    r"(?:postman|postmaster|headman|sarpanch|chowkidar|watchman|guard|teacher|headmaster|headmistress|priest|pastor|imam|tailor"
    r"|carpenter|mason|driver|rickshaw\s+puller|fisherman|weaver|potter|barber|shopkeeper|vendor|farmer|labourer|maid|nurse|porter"
    r"|cook|midwife|mechanic|electrician|boatman|blacksmith|butcher|cobbler|sweeper|hawker|milkman|peon|gaonburah|goldsmith)"
)
_RELATIVE_IN_ENGLISH: Final = (
    r"(?:father|mother|brother|sister|uncle|aunt|husband|stepfather|stepmother|grandmother|grandfather)"
)
_WORK_IN_HINDI: Final = (
    r"(?:मज़दूर\S*|मजदूर\S*|दिहाड़ी|किसान|खेतिहर|नर्स|शिक्षक|शिक्षिका|अध्यापक|अध्यापिका|चौकीदार|डाकिया|दर्ज़ी|दर्जी|बढ़ई|मिस्त्री|राजमिस्त्री|ड्राइवर|\S*चालक"
    r"|रिक्शा|दुकान\S*|रसोइया|सफ़ाईकर्मी|सफाईकर्मी|सहिया|सेविका|मुखिया|सरपंच|पुजारी|पादरी|मौलवी|इमाम|मछुआ\S*|बुनकर|माली|बेचत\S*|चलात\S*"
    r"|\S*कर्मी|कर्मचारी|सिपाही|फ़ौजी|फौजी|सैनिक|ठेला|काम\s+करत\S*|नौकरी\s+करत\S*|खेती)"
)
_RELATIVE_IN_HINDI: Final = (
    r"(?:पिता|माता|माँ|मां|भाई|बहन|चाचा|चाची|मामा|मामी|दादा|दादी|नाना|नानी|पति|ताऊ|मौसी|बुआ"
    r"|(?<=उसके )माता-पिता|(?<=उनके )माता-पिता|(?<=जिसके )माता-पिता|(?<=उसके )माँ-बाप|(?<=जिसके )माँ-बाप)"
)
_WORK_IN_BENGALI: Final = (
    r"(?:\S*মিস্ত্রি|ডাকপিয়ন|প্রধান|চৌকিদার|শিক্ষক|শিক্ষিকা|ইমাম|পুরোহিত|দর্জি|জেলে|মাঝি|দোকান\S*|দিনমজুর|মজুর|শ্রমিক|\S*চালক|কৃষক|চাষি|চাষী"
    r"|নার্স|প্রহরী|হকার|কামার|কুমোর|রাঁধুনি|পরিচারিকা|আয়া|কর্মী|কাজ\s+কর[েত]\S*|বিক্রি|বেচেন|চালান|চালায়)"
)
_RELATIVE_IN_BENGALI: Final = (
    r"(?:বাবা|মা|পিতা|মাতা|ভাই|দাদা|দিদি|বোন|কাকা|কাকু|মামা|চাচা|স্বামী|নানা|নানি|ঠাকুমা|ঠাকুরদা|জ্যাঠা|খালা|ফুফু|বাবার|মায়ের|ভাইয়ের|দাদার|স্বামীর)"
)
_WORK_IN_ASSAMESE: Final = (
    r"(?:চকীদাৰ|চৌকিদাৰ|শিক্ষক|শিক্ষয়িত্ৰী|শ্ৰমিক|বনুৱা|\S*চালক|দোকান\S*|কৃষক|খেতিয়ক|\S*কৰ্মী|গাঁওবুঢ়া|\S*মিস্ত্ৰী|মাছমৰীয়া|নাৱৰীয়া|দৰ্জী|নাৰ্ছ"
    r"|দিনহাজিৰা\S*|বেচে|বিক্ৰী|চলায়|কাম\s+কৰে|ঠেলাৱালা|ড্ৰাইভাৰ|চাকৰি\s+কৰে|পুৰোহিত|ইমাম)"
)
_RELATIVE_IN_ASSAMESE: Final = (
    r"(?:দেউতাক|মাক|ককায়েক|ভায়েক|ভনীয়েক|বায়েক|খুৰাক|মোমায়েক|মাহীয়েক|গিৰিয়েক|পিতৃ|মাতৃ|পিতাক|মাতাক|আইতাক|ককাক)[েৰ]?"
)


def _works(relative: str, work: str, parting: str) -> str:
    """Say that a relative has some work a few words later, with neither a comma nor an `and` or a speaker between."""
    return (
        rf"{_NO_LETTER_BEFORE}{relative}(?![\u0900-\u09ff-])"
        rf"(?:\s+(?!(?:{parting})(?:\s|$))[^\s,।;:.]+){{0,5}}?\s+{work}(?!কে|দের|সকল|ों)"
    )


_SIBLINGS: Final = (
    r"\b(?:young|old|eld)(?:est|er)\s+(?:daughter|son|child|sister|brother)?\s*(?:of|among)\s+(?:\w+\s+){0,2}"
    r"(?:two|three|four|five|six|seven|eight|sisters|brothers|siblings|children|daughters|sons)\b"
    r"|(?:बहनों|भाइयों|भाई-बहनों|बेटियों|संतानों|बच्चों)\s+(?:में|के बीच)\s+(?:सबसे\s+|वह\s+)*(?:छोटी|बड़ी|छोटा|बड़ा|मंझली)"
    r"|(?:বোনের|ভাইয়ের|ভাই-বোনের|ভাইবোনের|সন্তানের|মেয়ের)\s+(?:মধ্যে|ভেতর)\s+(?:\S+\s+){0,2}?(?:ছোট|বড়|মেজ|সেজ)"
    r"|(?:ভনী|ভাই-ভনী|ভায়েক-ভনীয়েক|সন্তান|ভাই)\S*\s+(?:ভিতৰত|মাজত)\s+(?:\S+\s+){0,2}?(?:সৰু|ডাঙৰ|মাজু)"
)
FAMILY: Final = (
    r"\b(?:daughter|son|wife|widow|niece|nephew|sister|brother|granddaughter|grandson|mother|father)\s+of\s+(?:the|a|an)?\s*\w+"
    r"|\b[dsw]/o\b|\bheadman'?s\b|\bwhose\s+(?:father|mother|husband|brother|sister|uncle)\b"
    rf"|\b(?:her|his)\s+{_RELATIVE_IN_ENGLISH},?\s+(?:a|an|who|the)\b"
    rf"|\b(?:her|his|their|(?:girl|boy|teen|teenager|child|survivor|victim|woman)'s)\s+{_RELATIVE_IN_ENGLISH}\s+(?:\w+\s+){{0,2}}?"
    r"(?:drives|drove|sells|sold|works?|worked|runs|ran|teaches|taught|weaves|pulls|breaks|collects|makes|rolls|carries|picks|plucks|cleans"
    r"|washes|rears|mends|cooks|ploughs|keeps|(?:is|was)\s+an?)\b"
    r"|की (?:बेटी|पुत्री|पत्नी|बहन)|का (?:बेटा|पुत्र|भाई)|(?:उसके|उसकी|जिसके|जिसकी) (?:पिता|माँ|मां|भाई|बहन|पति|चाचा)"
    r"|[রৰ] (?:মেয়ে|কন্যা|ছেলে|পুত্র|স্ত্রী|বোন|জীয়েক|পুত্ৰ|ছোৱালীজনী|ভনীয়েক)|(?:তার|যার) (?:বাবা|মা|ভাই|বোন|স্বামী|কাকা)"
    r"|(?:তাইৰ|তাৰ|যাৰ) (?:দেউতাক|মাক|ভায়েক|ককায়েক|খুৰাক|গিৰিয়েক)|ৰ (?:পিতৃ|মাতৃ|পিতাক) "
    r"|\b(?:lost|left)\s+(?:her|his)\s+(?:father|mother|parents|husband|wife|brother|sister)\b"
    rf"|,\s+(?:a|an|the)\s+(?:[\w-]+\s+){{0,3}}{_WORK_IN_ENGLISH}\b|(?:গ্রামের|পাড়ার)\s+{_WORK_IN_BENGALI}|পেশায়\s"
    rf"|{_works(_RELATIVE_IN_HINDI, _WORK_IN_HINDI, 'और|व|एवं|या|तथा|ने|को|से|कि|की|के|वह')}"
    rf"|{_works(_RELATIVE_IN_BENGALI, _WORK_IN_BENGALI, 'ও|এবং|আর|বা|কে|যে|সে|বলেন|জানান')}"
    rf"|{_works(_RELATIVE_IN_ASSAMESE, _WORK_IN_ASSAMESE, 'আৰু|বা|যে|কয়|তাই|সি')}"
    rf"|{_SIBLINGS}"
)


_AGES: Final = {
    "en": "five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen",
    "hi": "पाँच|पांच|छह|सात|आठ|नौ|दस|ग्यारह|बारह|तेरह|चौदह|पंद्रह|पन्द्रह|सोलह|सत्रह|अठारह|उन्नीस|बीस",
    "bn": "পাঁচ|ছয়|সাত|আট|নয়|দশ|এগারো|বারো|তেরো|চোদ্দো|চৌদ্দ|চোদ্দ|পনেরো|ষোলো|সতেরো|আঠারো|উনিশ|কুড়ি",
    "as": "পাঁচ|ছয়|সাত|আঠ|ন|দহ|এঘাৰ|বাৰ|তেৰ|চৈধ্য|পোন্ধৰ|ষোল্ল|সোতৰ|ওঠৰ|ঊনৈশ|বিশ",
}
_ANY_AGE: Final = "|".join(_AGES[language] for language in ("hi", "bn", "as"))
_OF_PRISON: Final = r"(?!\s*(?:की\s+)?(?:सज़ा|सजा|कैद|क़ैद|जेल|कारावास|কারাদণ্ড|কারাবাস|জেল|সাজা|সশ্রম))"
"""So many years in prison are no age."""
_NO_RANGE: Final = r"(?!\s*(?:to|-|\u2013|(?:and|or|years)\s+(?:above|over|more|older|under|below|and|or))\s*)"
"""From 6 to 14, or 18 and above, is nobody's age."""
_NO_LIMIT: Final = (
    r"(?!\s*(?:साल|वर्ष|বছর|বছৰ|বৎসৰ)?\S{0,3}\s*"
    r"(?:से\s+(?:कम|ऊपर|अधिक|ज़्यादा)|কম|নিচে|বেশি|তলৰ|ওপৰ|উপরে|ঊর্ধ্ব|পূর্ণ|পূৰ্ণ))"
)
"""Under 18 years, or more, is a limit."""
_A_PERSON: Final = (
    r"(?:girl|boy|teenager|woman|survivor|minor|victim|student|sister|daughter|son|brother|youth|[dw]/o\s+\w+)"
)
_NUMBER_AFTER: Final = (
    r"(?<!section )(?<!clause )(?<!rule )(?<!article )(?<!धारा )(?<!ধারা )(?<!ধাৰা )"
    r"\(\s*(?:[5-9]|[1-4]\d)\s*(?:yrs?|years|বছর|বছৰ|वर्ष|साल)?\s*\)"
)
"""An age in brackets after a name, not the part of a section."""
_SAID_OF: Final = (
    r"(?:she|he|who|girl|boy|child|teenager|survivor|minor|victim|student|sister|daughter|son|brother|woman|man|youth)"
)
_ABOUT: Final = r"(?:(?:only|just|barely|about|around|almost|nearly|still|now|not\s+yet|not\s+even|hardly)\s+)?"
_AN_AGE: Final = rf"(?:[5-9]|[1-4]\d|{_AGES['en']})(?![\w%])"
_NO_UNIT_AFTER: Final = (
    r"(?=\s*(?:$|[.,;:!?)\u2013\u2014\n\"'\u201d]|-\s|"
    r"(?:when|and|but|at|last|this|next|years?|yrs?|now|then|in|on|today|yesterday|or|while|if|as|from|old|with|who|because"
    r"|was|is|has|had|went|came|left|said|told|to|whose|by|for|that)\b))(?![.,]\d)"
)
"""What follows an age, and no number of hours, kilometres or villages."""
_AGE_SAID: Final = (
    rf"\b(?:girl|boy|child|woman|man|daughter|son|sister|brother|student|teenager|minor)\s+of\s+{_ABOUT}{_AN_AGE}{_NO_UNIT_AFTER}"
    rf"|\b{_SAID_OF}(?:\s+(?:is|was|turns|turned|will\s+be|would\s+be|had\s+turned|has\s+turned|had\s+just\s+turned"
    rf"|has\s+just\s+turned|just\s+turned|will\s+turn)|['\u2019]s)\s+{_ABOUT}{_AN_AGE}{_NO_UNIT_AFTER}"
    rf"|\bat\s+(?:just\s+|only\s+|barely\s+)?{_AN_AGE},\s+(?:she|he|the\s+(?:girl|boy|child))\b(?!\s+(?:said|says|told|will)\b)"
    r"|\b\d{1,2}\s*(?:y/o|yo)\b|\bin\s+(?:her|his)\s+(?:early|mid|late)?[\s-]*teens\b"
    r"|\b(?:\d{1,2}(?:th|st|nd|rd)|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth)\s+birthday\b"
    rf"|(?:वह|लड़की|लड़का|बच्ची|किशोरी|पीड़िता)\s+(?:(?:सिर्फ़|सिर्फ|केवल|मात्र|अभी)\s+)?(?:\d{{1,2}}|{_AGES['hi']})\s+(?:की|का)\s+(?:है|थी|था|हुई)"
    rf"|(?:\d{{1,2}}|(?<!\S)(?:{_AGES['bn']}))\s*(?:বছরে|-?তে)?\s*পা\s+(?:দি|রাখ)"
)
"""An age without the word for years: a girl of 14, she is 14, she turned 15."""

_CLASSES: Final = {
    "hi": "पाँचवीं|पांचवीं|छठी|छठीं|सातवीं|आठवीं|नौवीं|नवीं|दसवीं|ग्यारहवीं|बारहवीं|पाँचवी|सातवी|आठवी|नौवी|दसवी",
    "bn": "প্রথম|দ্বিতীয়|তৃতীয়|চতুর্থ|পঞ্চম|ষষ্ঠ|সপ্তম|অষ্টম|নবম|দশম|একাদশ|দ্বাদশ|প্ৰথম|চতুৰ্থ|নৱম",
}
SIGNS: Final[Mapping[str, re.Pattern[str]]] = {
    sort: pattern(written)
    for sort, written in {
        "age": (
            rf"\b(?:\d{{1,2}}|{_AGES['en']})[\s-]*(?:year|yr)s?\.?[\s-]*(?:old|girl|boy)"
            r"|(?<!until the )(?<!below the )(?<!under the )\baged?\s*:?\s*(?:of\s+|about\s+|around\s+)?"
            rf"(?:\d{{1,2}}|{_AGES['en']})\b{_NO_RANGE}"
            rf"|{_AGE_SAID}|\b{_A_PERSON},\s+\d{{1,2}},(?!\d)|(?-i:[A-Z][a-z]+,\s+(?:[89]|1\d|2\d),\s+(?=[a-z]))"
            rf"|(?<=[^\W\d]\s){_NUMBER_AFTER}|(?<=[\u0900-\u09ff]\s){_NUMBER_AFTER}"
            rf"|(?:\d{{1,2}}|(?<!\S)(?:{_AGES['hi']}))\s*(?:वर्षीया?|(?:वर्ष|साल) (?:की|का|के)){_OF_PRISON}"
            rf"|(?:\d{{1,2}}|(?<!\S)(?:{_AGES['bn']}))\s*(?:বছরের{_OF_PRISON}{_NO_LIMIT}|বছর বয়সী|বছর বয়সের)"
            rf"|(?:\d{{1,2}}|(?<!\S)(?:{_AGES['as']}))\s*(?:বছৰীয়া|বছৰ বয়সীয়া|বছৰীয়|বছৰ বয়সৰ)"
            rf"|(?:उम्र|आयु|বয়স|বয়স)\s*[:-]?\s*(?:करीब|लगभग|केवल|मात्र|প্রায়|প্ৰায়|মাত্র|মাত্ৰ)?\s*"
            rf"(?:(?<!\d)\d{{1,2}}(?!\d){_NO_LIMIT}|{_ANY_AGE})"
        ),
        "only_one": (
            r"\bonly\s+(?:\w+\s+)?(?:girl|boy|daughter|son|child|woman|family|student|sister|brother)\b"
            r"|(?:इकलौती|इकलौता|इकलौते)\s|एकमात्र\s+(?:\S+\s+)?(?:बेटी|बेटा|संतान|लड़की|लड़का|बच्ची|बच्चा|महिला|औरत|छात्रा|परिवार|बहन|भाई|पुत्री|पुत्र)"
            r"|(?:একমাত্র|একমাত্ৰ)\s+(?:\S+\s+)?(?:মেয়ে|কন্যা|সন্তান|ছেলে|পুত্র|পুত্ৰ|মহিলা|ছাত্রী|ছাত্ৰী|ছোৱালী|ল'ৰা|জীয়েক|জীয়ৰী|পৰিয়াল|পরিবার|বোন|ভাই|ভনী|কিশোরী|কিশোৰী)"
        ),
        "family": FAMILY,
        "class_or_school": (
            r"\b(?:class|standard|std)\.?\s+(?:[ivx]+|\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b"
            r"|\b\d{1,2}(?:st|nd|rd|th)\s+(?:standard|grader?|class)\b|\b(?:sixth|seventh|eighth|ninth|tenth)[\s-]+(?:grader?|class|standard)\b"
            r"|\bgrade\s+\d{1,2}\b|\bstud(?:ies|ied|ying)\s+(?:in|at)\b"
            r"|\bstudent\s+(?:of|at)\b|\bpupil\s+(?:of|at)\b"
            rf"|\d+(?:वीं|वी)?\s*कक्षा|कक्षा\s*\d+|(?:{_CLASSES['hi']}|\d{{1,2}}\s?वीं)\s+(?:कक्षा|में|क्लास|(?:की|का|के)\s+छात्र)"
            r"|(?:विद्यालय|स्कूल|कॉलेज|कॉन्वेंट) (?:की|का|के) छात्र|(?:বিদ্যালয়|স্কুল|কলেজ)ের ছাত্র|(?:বিদ্যালয়|স্কুল|কলেজ)ৰ ছাত্ৰ"
            rf"|(?:{_CLASSES['bn']})\s+(?:শ্রেণি|শ্রেণী|শ্ৰেণী|মান)|ক্লাস\s+(?:\d{{1,2}}|ফাইভ|সিক্স|সেভেন|এইট|নাইন|টেন)"
        ),
        "caption": (
            r"\b(?:photo|picture|image)\s*(?:caption|shows|:)|\bpictured\b|\bin\s+the\s+(?:photo|picture|image)\b"
            r"|\bseen\s+(?:here|in\s+the)\b"
            r"|\b(?:caption|photograph)\s*:|तस्वीर में|फोटो में|चित्र में|फोटो\s*:|तस्वीर\s*:|ছবিতে|ছবি\s*:"
            r"|ফটোতে|ফটোত|ছবিত|ফটো\s*:|\bleft\s+to\s+right\b|\b(?:second|third|fourth|extreme|far)\s+(?:from\s+(?:the\s+)?)?(?:left|right)\b"
            r"|(?:बाएँ|बाएं|दाएँ|दाएं) से|(?:বাঁ|বাম|ডান) দিক থেকে|(?:বাওঁফালৰ|সোঁফালৰ) পৰা"
        ),
        "looks": (
            r"\bscar\b|\bbirthmark\b|\bburn\s+mark|\btattoo\b|\blimps?\b|\btwins?\b|\bpregnant\b|दाग|निशान वाली"
            r"|जुड़वाँ|जुड़वां|গর্ভবতী|যমজ|দাগ আছে|যঁজা"
        ),
        "home": (
            r"\b(?:lives?|lived|living|resident|resides?)\s+(?:in|at|near|behind|opposite|of)\b"
            r"|\bhouse\s+(?:near|behind|opposite|next)\b"
            r"|\bnative\s+of\b|के रहने वाल|की रहने वाल|का निवासी|की निवासी|के घर के पास|(?:এর|র) বাসিন্দা"
            r"|বাড়ির পাশে|ঘৰৰ কাষৰ|বাসিন্দা|নিবাসী"
        ),
    }.items()
}  # fmt: skip
"""Each says what sort of thing it is, and may be a false alarm."""

_ACCUSED: Final = (
    r"(?:accused|suspect|agent|trafficker|recruiter|broker|pimp|convict|kingpin|आरोपी|आरोपित|अभियुक्त|दलाल|तस्कर|एजेंट|दोषी"
    r"|আসামি|আসামী|অভিযুক্ত|দালাল|পাচারকারী|এজেন্ট|অপৰাধী|সৰবৰাহকাৰী)"
)
_NEXT_IS_THE_ACCUSED: Final = pattern(
    rf"[\s,)-]*(?:(?:an?|the|alleged|main|prime|man|woman|एक|मुख्य|এক|এজন|একজন|মূল)\s+)*{_ACCUSED}"
)
_THE_ACCUSED_WAS_NEXT: Final = pattern(rf"{_ACCUSED}\S*\s+(?:and|or|और|व|एवं|ও|এবং|আর|আৰু)\s*(?:उस|उन)?$")
_TAKEN_TO_COURT: Final = pattern(
    r"\b(?:arrested|remanded|jailed|convicted|sentenced|charged|booked|imprisoned)\b"
    r"|गिरफ़्तार|गिरफ्तार|रिमांड|जेल भेज|सज़ा|सजा|গ্রেপ্তার|গ্রেফতার|রিমান্ড|কারাদণ্ড|গ্ৰেপ্তাৰ|ৰিমাণ্ড|কাৰাদণ্ড"
)
_HARMED: Final = pattern(
    r"\b(?:rescued|freed|forced|sold|missing|survivor|victim|trafficked|lured|brought\s+(?:back|home)|girl|child|daughter|she|her)\b"
    r"|पीड़ित|बच्ची|लड़की|किशोरी|बेटी|छुड़ा|मुक्त|लापता|बरामद|উদ্ধার|কিশোরী|নিখোঁজ|শিশু|মেয়ে|ভুক্তভোগী|বিক্রি|উদ্ধাৰ|কিশোৰী|ছোৱালী|সন্ধানহীন|বিক্ৰী"
)
_GROWN_UP: Final = 18
_A_BODY: Final = pattern(
    r"\b(?:desk|centres?|center|offices?|officials?|officers?|building|minister|station|terminus|meeting|workshop|rally|march|seminar"
    r"|bridge|gate|vehicles?|shelters?|commission|committee|members|delegates|participants|poster|hall|court)\b"
    r"|केंद्र|केन्द्र|कार्यालय|भवन|मंत्री|बैठक|कार्यशाला|स्टेशन|थाना|अदालत|रैली|अधिकारी"
    r"|কেন্দ্র|কার্যালয়|ভবন|মন্ত্রী|সভা|কর্মশালা|আদালত|মিছিল|কেন্দ্ৰ|কাৰ্যালয়|মন্ত্ৰী|কৰ্মশালা"
)
_SOMEBODY: Final = pattern(
    r"\b(?:girl|boy|child|children|teenager|survivor|victim|woman|she|her|he|his|him|mother|father|parents|family|daughter|son|sister|brother|minor)\b"
    r"|पीड़ित|बच्ची|बच्चा|बच्चे|लड़की|लड़का|किशोर|बेटी|माँ|मां|पिता|परिवार|बहन|भाई|महिला|बाएँ|बाएं|दाएँ|दाएं|चेहरा"
    r"|কিশোর|কিশোৰ|শিশুটি|শিশুটো|মেয়ে|ছেলে|ছোৱালী|ল'ৰা|মা\s|বাবা|বোন|ভাই|ভনী|পরিবার|পৰিয়াল|মহিলা|তার\s|তাকে|তাই|দিক থেকে|ফালৰ পৰা|মুখ"
)
_OF_ALL_PUPILS: Final = pattern(
    r"\W*(?:and\s+\S+\s+)?(?:boards?|exams?|examinations?|results?|pupils|students|syllabus|textbooks?|girls|boys|children)\b|পরীক্ষা|পৰীক্ষা"
)
_ALL_PUPILS_OF: Final = pattern(r"\b(?:pupils|students|girls|boys|children|toppers|teachers)\s+(?:of|in|from)\s+$")
_SENTENCE_ENDS: Final = re.compile(r"[.!?।\n]")


def sorts_in(text: str) -> tuple[str, ...]:
    """Say which sorts of hints a text with plain digits has, without those whose sentence shows that they are none."""
    whole = composed(text)
    return tuple(
        sort
        for sort, sign in SIGNS.items()
        if any(not _tells_nothing(sort, found, whole) for found in sign.finditer(whole))
    )


def _tells_nothing(sort: str, found: re.Match[str], text: str) -> bool:
    """Return whether a sign is of the accused, of a building or of all pupils."""
    before, after = _sentence_around(found, text)
    if sort == "age":
        return _is_grown_up(found[0]) and _is_of_the_accused(before, after)
    if sort == "family":
        return bool(_THE_ACCUSED_WAS_NEXT.search(before))
    if sort == "caption":
        sentence = f"{before}{found[0]}{after}"
        return bool(_A_BODY.search(sentence)) and not _SOMEBODY.search(sentence)
    return sort == "class_or_school" and bool(_OF_ALL_PUPILS.match(after) or _ALL_PUPILS_OF.search(before))


def _is_grown_up(age: str) -> bool:
    digits = re.search(r"\d+", age)
    return digits is not None and int(digits[0]) >= _GROWN_UP


def _is_of_the_accused(before: str, after: str) -> bool:
    return bool(
        _NEXT_IS_THE_ACCUSED.match(after)
        or re.search(rf"{_ACCUSED}\S*[\s,(]+(?:an?\s+|the\s+)?$", before, re.IGNORECASE)
        or (_TAKEN_TO_COURT.search(after) and not _HARMED.search(before + after))
    )


def _sentence_around(found: re.Match[str], text: str) -> tuple[str, str]:
    before = _SENTENCE_ENDS.split(text[: found.start()])[-1]
    return before, _SENTENCE_ENDS.split(text[found.end() :], maxsplit=1)[0]
