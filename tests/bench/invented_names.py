"""Names to invent persons from, in Latin letters beside the script of the place; none is of a person."""

from typing import Final

_DEVANAGARI_FIRST: Final = """
Rahima रहीमा,Farida फरीदा,Hasina हसीना,Salma सलमा,Nasrin नसरीन,Shabana शबाना,Amina अमीना,Fatima फातिमा,Rehana रेहाना,
Parvin परवीन,Jahanara जहानारा,Moriam मोरियम,Tahmina तहमीना,Rubina रुबीना,Nargis नरगिस,Ayesha आयशा,Sakina सकीना,
Zarina ज़रीना,Anwara अनवारा,Marzina मरज़ीना,Abdul अब्दुल,Karim करीम,Rafiq रफीक,Jamal जमाल,Kamal कमाल,Iqbal इकबाल,
Rashid रशीद,Salim सलीम,Nazrul नज़रुल,Shahid शाहिद,Faruk फारुक,Habib हबीब,Jalal जलाल,Mustafa मुस्तफा,Sohel सोहेल,
Kamala कमला,Sunita सुनीता,Rina रीना,Mina मीना,Sita सीता,Gita गीता,Puja पूजा,Anjali अंजलि,Priya प्रिया,Kavita कविता,
Sarita सरिता,Lakshmi लक्ष्मी,Saraswati सरस्वती,Durga दुर्गा,Bimala बिमला,Champa चम्पा,Nirmala निर्मला,Urmila उर्मिला,
Radha राधा,Manju मंजू,Renu रेणु,Shanti शान्ति,Basanti बसन्ती,Phulmati फुलमती,Malati मालती,Purnima पूर्णिमा,Dipa दीपा,
Rupa रूपा,Jyoti ज्योति,Asha आशा,Usha उषा,Tara तारा,Maya माया,Sabitri सावित्री,Gauri गौरी,Ganga गंगा,Jamuna जमुना,
Mohan मोहन,Sohan सोहन,Ram राम,Lakshman लक्ष्मण,Bharat भरत,Krishna कृष्ण,Gopal गोपाल,Hari हरि,Shankar शंकर,Ganesh गणेश,
Ramesh रमेश,Suresh सुरेश,Mahesh महेश,Dinesh दिनेश,Naresh नरेश,Rajesh राजेश,Mukesh मुकेश,Umesh उमेश,Jitendra जितेन्द्र,
Surendra सुरेन्द्र,Narendra नरेन्द्र,Dhirendra धीरेन्द्र,Rabindra रबीन्द्र,Bikash बिकाश,Prakash प्रकाश,Dipak दीपक,
Ashok अशोक,Anil अनिल,Sunil सुनील,Bimal बिमल,Nirmal निर्मल,Pradip प्रदीप,Sanjay संजय,Bijay बिजय,Ajay अजय,Uttam उत्तम,
Gautam गौतम,Arjun अर्जुन,Bhim भीम,Prabin प्रबीन,Nabin नबीन,Santosh सन्तोष,Manoj मनोज,Binod बिनोद,Pramod प्रमोद,
Chandan चन्दन,Madan मदन,Tapan तपन,Swapan स्वपन,Ratan रतन,Biren बीरेन,Dhiren धीरेन,Hiren हीरेन,Jatin जतिन,Nitin नितिन,
Bhaskar भास्कर,Prafulla प्रफुल्ल,Dulal दुलाल,Haripada हरिपद,Nripen नृपेन,Jogen जोगेन,Lohit लोहित,Pranab प्रणब
"""
_DEVANAGARI_LAST: Final = """
Khatun खातून,Bibi बीबी,Sheikh शेख,Mondal मण्डल,Hussain हुसैन,Rahman रहमान,Islam इस्लाम,Ahmed अहमद,Ali अली,Mia मिया,
Das दास,Barman बर्मन,Roy राय,Sarkar सरकार,Biswas बिश्वास,Pal पाल,Ghosh घोष,Saha साहा,Dey दे,Majumdar मजुमदार,Nath नाथ,
Deka डेका,Kalita कलिता,Bora बोरा,Barua बरुआ,Gogoi गोगोई,Saikia सैकिया,Hazarika हजारिका,Baruah बरुवा,Medhi मेधी,
Rajbongshi राजबंशी,Tamang तामाङ,Gurung गुरुङ,Rai राई,Limbu लिम्बू,Thapa थापा,Chhetri छेत्री,Shrestha श्रेष्ठ,
Karki कार्की,Magar मगर,Bishwakarma विश्वकर्मा,Pariyar परियार,Lama लामा,Sherpa शेर्पा,Adhikari अधिकारी,Poudel पौडेल,
Sharma शर्मा,Yadav यादव,Singh सिंह,Prasad प्रसाद,Mahato महतो,Oraon उराँव,Munda मुण्डा,Tanti तांती,Kurmi कुर्मी,
Sah साह,Paswan पासवान,Chaudhary चौधरी,Mandal मंडल,Bhagat भगत,Nayak नायक,Gowala ग्वाला,Tirkey तिर्की,Toppo टोप्पो
"""
_BURMESE: Final = """
Aung အောင်,Kyaw ကျော်,Moe မိုး,Zaw ဇော်,Win ဝင်း,Htun ထွန်း,Hla လှ,Khin ခင်,Thida သီတာ,Nyein ငြိမ်း,Myint မြင့်,Phyo ဖြိုး,
Su စု,San စန်း,Thant သန့်,Chit ချစ်,Than သန်း,Tin တင်,Nu နု,Sein စိန်,Mya မြ,Nwe နွယ်,Phyu ဖြူ,Wai ဝေ,Naing နိုင်,Min မင်း,
Thu သူ,Lwin လွင်,Shwe ရွှေ,Htet ထက်,Lin လင်း,Soe စိုး,Oo ဦး,Maung မောင်,Yan ရန်,Hnin နှင်း,Ei အိ,Cho ချို,Nandar နန္ဒာ,
Zin ဇင်,Toe တိုး,Thein သိန်း,Pyae ပြည့်,Sandar စန္ဒာ,Aye အေး,Yin ရင်,Hein ဟိန်း,Kaung ကောင်း
"""
_HILLS_FIRST: Final = """
Rina,Bandarilin,Daphi,Ibalari,Lamphrang,Banteilang,Wanshan,Kyrmen,Pynshngain,Shanbor,Dondor,Batista,Salseng,Tengsil,
Chekame,Grikseng,Silme,Rakseng,Nokat,Lalrinpuii,Zoramthangi,Lalthanmawia,Vanlalruata,Malsawmi,Rinmawii,Lalhruaia,Zothanpari,
Remruata,Imlong,Alemla,Temjen,Moanaro,Akum,Bendang,Lipok,Neingulo,Kevisenuo,Vikuonuo,Zaseno,Dziesevituo,Hekali,Khetoli,
Vitoka,Inato,Ngamlam,Tage,Yapi,Techi,Nabam,Tadar,Likha,Yumlam,Ibemcha,Thoibi,Sanatombi,Chaoba,Tomba,Ibohal,Leima,Memcha
"""
_HILLS_LAST: Final = """
Marak,Sangma,Momin,Shira,Arengh,Lyngdoh,Kharkongor,Nongrum,Syiem,Marbaniang,Khongwir,Warjri,Dkhar,Lalduhawmi,Hmar,Ralte,
Sailo,Pachuau,Chhangte,Fanai,Ao,Jamir,Longkumer,Imchen,Angami,Kire,Sema,Yepthomi,Chishi,Lotha,Kikon,Konyak,Phom,Nabam,
Tagio,Riba,Taba,Devi,Singh,Chanu,Meitei,Laishram,Ningthoujam,Haokip,Kipgen,Touthang,Vaiphei
"""
_PLACES: Final = """
Rampur रामपुर,Sitapur सीतापुर,Gopalganj गोपालगंज,Madhupur मधुपुर,Kamalpur कमलपुर,Haripur हरिपुर,Chandanpur चन्दनपुर,
Sonapur सोनापुर,Rangapara रंगापारा,Bilasipara बिलासीपारा,Dhanpur धानपुर,Nalbari नलबारी,Barpeta बरपेटा,Dhubri धुबरी,
Mangaldoi मंगलदोई,Tezpur तेजपुर,Jorhat जोरहाट,Sivasagar शिवसागर,Karimganj करीमगंज,Silchar सिलचर,Belonia बेलोनिया,
Sonamura सोनामुरा,Dharmanagar धर्मनगर,Kailashahar कैलाशहर,Jalpaiguri जलपाईगुड़ी,Siliguri सिलीगुड़ी,Kalimpong कालिम्पोंग,
Mirik मिरिक,Namchi नामची,Gyalshing ग्यालशिंग,Birtamod बिर्तामोड,Damak दमक,Itahari इटहरी,Dharan धरान,Janakpur जनकपुर,
Birganj बीरगंज,Hetauda हेटौडा,Nuwakot नुवाकोट,Sindhuli सिन्धुली,Makwanpur मकवानपुर,Kurigram कुड़ीग्राम,Lalmonir लालमनिर,
Rangpur रंगपुर,Dinajpur दिनाजपुर,Satkhira सातखीरा,Jashore जशोर,Khulna खुलना,Barisal बरिसाल,Bhola भोला,Feni फेनी,
Comilla कुमिल्ला,Sylhet सिलहट,Habiganj हबीगंज,Sunamganj सुनामगंज,Mymensingh मयमनसिंह,Sherpur शेरपुर,Jamalpur जमालपुर
"""

Pair = tuple[str, str]
"""A word in Latin letters and in another script."""


def _pairs(text: str) -> tuple[Pair, ...]:
    words = (entry.split() for entry in text.replace("\n", "").split(",") if entry.strip())
    return tuple((latin, other[0] if other else latin) for latin, *other in words)


FIRST, LAST, PLACES = _pairs(_DEVANAGARI_FIRST), _pairs(_DEVANAGARI_LAST), _pairs(_PLACES)
BURMESE, HILLS_FIRST, HILLS_LAST = _pairs(_BURMESE), _pairs(_HILLS_FIRST), _pairs(_HILLS_LAST)
_FROM, _TO, _BY = 0x0900, 0x0980, 0x80
_YA, _YA_INSIDE, _RA, _ASSAMESE_RA, _WA = "\u09af", "\u09af\u09bc", "\u09b0", "\u09f0", "\u09f1"


def in_bengali(word: str, *, is_assamese: bool = False) -> str:
    """Write a word of Devanagari in Bengali script, letter by letter, or in Assamese with its own ra and wa."""
    said = ""
    for index, sign in enumerate(word):
        moved = chr(ord(sign) + _BY) if _FROM <= ord(sign) < _TO else sign
        if sign == "व":
            moved = _WA if is_assamese else "ব"
        elif moved == _YA and index and word[index - 1] != "\u094d":
            moved = _YA_INSIDE
        elif moved == _RA and is_assamese:
            moved = _ASSAMESE_RA
        said += moved
    return said
