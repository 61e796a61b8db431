"""The words by which a draft is searched: endings, everyday words, digits said in words."""

import unicodedata
from typing import Final

ENDINGS: Final = frozenset(
    ("s", "es", "r", "er", "ke", "ko", "ka", "ki", "ne", "se", "te", "ra", "der", "k", "t", "ok", "or", "ot", "loi",
     "lai", "e", "i", "y", "a", "o", "ye", "i", "jon", "hot", "rei", "da", "di", "babu", "bai", "ji"),
)  # fmt: skip
"""What may follow a name in Latin letters: the genitive of English, the cases of Bengali, Assamese, Garo and Hindi."""
HEARD_ENDINGS: Final = frozenset(
    ending
    for heard in ("R", "iR", "K", "Ki", "Ti", "i", "DiR", "T", "Li", "LaB", "La", "Rai", "NK", "S", "N", "Ta",
     "TaR", "TaKi",
                  "Ka", "Ni", "HaT", "HaTaR", "Ra", "J", "Ji", "RK", "DiRaKi", "iRi", "iK", "iT", "LaR", "iN", "")
    for ending in (heard, f"a{heard}", f"i{heard}")
)  # fmt: skip
"""The same as they sound, with the vowel that a name may have lost at its end."""
BONES_OF_ENDINGS: Final = frozenset(("", "R", "K", "T", "N", "L", "LB", "DR", "DRK", "S", "J", "NK", "TR", "KR", "TK"))
"""The consonants of those."""

COMMON: Final = frozenset(
    unicodedata.normalize(
        "NFKD",
        """
    market bazar bazaar village town district school college high primary lower upper secondary road bus stand station
    police block sub division para gaon colony ward house shelter home centre center mother father brother sister
    uncle
    aunt girl boy child man woman people near old new and the of in at to for from with was were are his her their
    that
    this who has have had not but they she him one two three four five six seven eight nine ten min men rani maya asha
    में मैं हैं मन दस दिन राम की का के को ने से पर और यह वह हम है हो कि जो एक दो तीन चार पाँच छह सात आठ नौ बस नाम
    काम गाँव घर लोग
    पुलिस सुरक्षित देखा देखे देखी देखने समय साल बच्चे बच्चों बच्चा लड़की लड़का माँ पिता मदद आशा माया रानी अगर तो भी
    ही बाल बालक बालिका कर करें किसी कोई नहीं रहा रही था थी थे गया गई
    দশ দিন মন মানে এক দুই তিন চার পাঁচ ছয় সাত আট নয় এই সেই যে যা কে কি না নি হয় হবে করে করা কর পুলিশ দেখা দেখে
    দেখতে দেখানো দেখুন তার তাদের আমরা আমাদের কোন কোনো
    মা বাবা মেয়ে ছেলে শিশু শিশুর গ্রাম গ্রামে বাড়ি ঘর কাজ নাম আশা মায়া রানী সাহায্য মানুষ মিনিট মাস জন থেকে এবং
    ও আর বা যদি জানা
    দহ দিন মন এক দুই তিনি চাৰি পাঁচ ছয় সাত আঠ ন এই সেই যি কি নহয় হয় হ'ব কৰে কৰা তেওঁ আমি আমাৰ কোনো মা দেউতা
    ছোৱালী ল'ৰা শিশু গাঁও ঘৰ কাম
    নাম আশা মায়া ৰাণী সহায় মানুহ মাহ জন পৰা আৰু বা যদি জনা মিনা
    """,
    ).split()
)
"""Words of every day that sound like a name or stand in the name of a place; they tell only within the whole."""

GIVEN_NAMES: Final = frozenset(("asha", "maya", "rani", "man", "min", "mon", "ram", "mina"))
"""Those of them that are given names as well, in the spelling of Latin letters: with a capital they tell."""
NEVER_ENGLISH: Final = GIVEN_NAMES - {"man", "min"}
"""Those whose capital does not come from the beginning of a sentence."""
OF_THE_HEALTH_WORKER: Final = r"(?!\s+(?:workers?|didis?|karmis?|facilitators?|sangini|supervisors?)\b)"
"""An Asha worker is somebody of the village, and no name."""

EVERYDAY: Final = frozenset(
    unicodedata.normalize(
        "NFKD",
        """
    about actor after again all also another any anything are arm asked away back bad bail bar base bases bed been
    being best big body born both boys bring but buy call came can car care chain chains change changed changes cheat
    cheated check checking checks choice choices chose chosen come counselling counsellor counsellors court cut day
    dead deal did done door down each early end even ever face fair fall far fast few find fine folder follow food
    foot force free full fully game gave get girls give given gone good got great group guide guides had half hand
    hard head hear heard help here high him hold home hope hour how into its job joint journey journeys just keep kind
    king know land last late law lead least led left less let life light like line list little live long look lost low
    made mail main make many may mean meet men mind mine miss monday money month more most move much must name near
    need never next night nine none nor note now number off once open our out over own paid part pay people place plan
    police pool poor post public pull put quite race radio radios raid raids ran rang rate read ready real really rely
    renew rest rich ride right ring road roads room run rush safe said sale same sang saw say saying says see seen
    sell send sent set shall shared sharing she sheet sheets ship shot show showing shown shut side sign sin since
    sing sit six sold some son song soon stand start state stay still stop such sun sure surrender surrendered take
    talk tall team tell ten test than then there they thing think third this time told too took top town tree true try
    turn two under unit until upon use very visit wait walk wall walls want war warm was watch watches way wear week
    well went were what when where which while who whole wholly whose why wife will win wish word work worn year yet
    you
    देख देखें देखकर देखते कहा कहना कहते बताया बताते किया किए करते करना करने होना होने हुआ हुई हुए जाना जाने जाता जाती वाला
    वाले वाली लें लेने दिया दिए देने देना आने आना चिंता स्वीकार सेवा सकता सकते सकती रखना रखें मिला मिली मिलने चाहिए
    परिवार खोला खोले खोलें खुला माँगे माँगें माँगिए बारह बारे बार वर्ष दिखाने दिखाया तारीख रुपये रूप मिनट क्यों क्योंकि थोड़े भारतीय संहिता कॉल
    বলে বলেন বলেছেন বলেছে বলতে বলা করেছে করেছেন করছেন করতে করলে সেখানে এখানে চেনা চিনতে চাইছে চান চায় হয়েছে
    হয়েছিল ছিল ছিলেন দেওয়া দিয়েছে নিয়ে যাওয়া গেছে পেয়ে পাওয়া
    খোলা খোলার খোলে সঙ্গে বারো দেখলে পালিত পালন বার্তা তারিখ ভারতীয় সংহিতা বিনা বাড়িতে হয়েছেন ফাইল সেটি
    পরিবার পরিবারের পরিবারকে পৰিয়াল পৰিয়ালৰ পৰিয়ালক
    তাৰ দিয়ক দেখিলে নথকা ভাৰতীয় সংহিতাৰ চনত
    কৈছে কয় কৰিছে কৰে কৰিব হৈছে আছিল আছে মান মানত মানে বুলি দিয়া দিছে লৈ পাইছে গৈছে বলৈ
    """,
    ).split()
)
"""Words of every draft: none of them is heard as a name that is written otherwise (seen, Sing)."""

PEOPLE: Final = frozenset(
    unicodedata.normalize(
        "NFKD",
        """
    agent agents employer employers neighbour neighbours neighbor neighbors relative relatives cousin cousins aunty
    husband boyfriend girlfriend friend friends trafficker traffickers broker owner manager contractor landlord
    madam recruiter pimp stranger strangers villager villagers person persons somebody someone nobody unknown nil na
    parents parent brothers sisters sons daughter daughters children grandmother grandfather grandparents stepfather
    stepmother guardian
    members member elder elders headman gaonburah sarpanch pradhan panchayat teacher pastor priest counsellor social
    worker officer constable lawyer committee cwc dcpu mediator
    mr mrs ms miss shri smt late dr
    checked verified voter voters aadhaar aadhar ration epic card cards passport certificate birth papers identity photo
    afraid threatened threatens lives living gang group men's
    एजेंट दलाल मालिक पड़ोसी रिश्तेदार दोस्त पति पत्नी भाई बहन चाचा चाची मामा मामी दादा दादी नाना नानी अज्ञात
    मतदाता आधार राशन कार्ड पहचान ভোটার ভোটাৰ আধার আধাৰ রেশন কার্ড কাৰ্ড পরিচয়
    দালাল মালিক প্রতিবেশী আত্মীয় বন্ধু স্বামী স্ত্রী ভাই বোন কাকা কাকি মামা মামি দাদা দিদি নানা নানি অজানা
    দেউতাক মাক ককায়েক ভায়েক বায়েক ভনীয়েক খুৰাক মোমায়েক গিৰিয়েক ওচৰ চুবুৰীয়া
    """,
    ).split()
)
"""What somebody is to a person, and by which paper they were known: no name."""
RELATIVES: Final = frozenset(
    """
    माँ मां माता पिता भाई बहन चाचा चाची मामा मामी दादा दादी नाना नानी पति पत्नी
    মা বাবা পিতা মাতা ভাই বোন কাকা কাকি মামা মামি দাদা দিদি নানা নানি স্বামী স্ত্রী
    দেউতাক মাক ককায়েক ভায়েক বায়েক ভনীয়েক খুৰাক মোমায়েক গিৰিয়েক
    """.split()  # noqa: SIM905 - written as the other lists are
)
"""After these a name follows."""
DIGITS_IN_WORDS: Final = {
    word: str(digit)
    for digit, words in enumerate(
        (
            "zero oh nought शून्य শূন্য", "one एक এক", "two दो দুই দুটো", "three तीन তিন তিনি", "four चार চার চাৰি",
            "five पाँच पांच পাঁচ", "six छह छः छे ছয়", "seven सात সাত", "eight आठ আট আঠ", "nine नौ নয় ন",
        )
    )
    for word in words.split()
}  # fmt: skip
TIMES: Final = {"double": 2, "triple": 3, "डबल": 2, "ट्रिपल": 3, "ডবল": 2, "ডাবল": 2, "ট্রিপল": 3}
"""What stands before a digit that is said twice or three times."""
