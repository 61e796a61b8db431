"""The words by which a draft shows somebody's family: whose child they are, what a relative works, how many sisters."""

from typing import Final

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
