"""Where a unit works, by name: countries and their parts as ISO 3166 has them, so that nobody has to know a code."""

from collections.abc import Mapping
from typing import Final

_COUNTRIES: Final[Mapping[str, str]] = {
    "IN": "India", "BD": "Bangladesh", "NP": "Nepal", "MM": "Myanmar", "BT": "Bhutan", "TH": "Thailand", "LA": "Laos",
    "KH": "Cambodia", "CN": "China", "LK": "Sri Lanka", "MY": "Malaysia",
}  # fmt: skip

_PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "IN": {
        "AN": "Andaman and Nicobar Islands", "AP": "Andhra Pradesh", "AR": "Arunachal Pradesh", "AS": "Assam",
        "BR": "Bihar", "CG": "Chhattisgarh", "CH": "Chandigarh", "DH": "Dadra and Nagar Haveli and Daman and Diu",
        "DL": "Delhi", "GA": "Goa", "GJ": "Gujarat", "HP": "Himachal Pradesh", "HR": "Haryana", "JH": "Jharkhand",
        "JK": "Jammu and Kashmir", "KA": "Karnataka", "KL": "Kerala", "LA": "Ladakh", "LD": "Lakshadweep",
        "MH": "Maharashtra", "ML": "Meghalaya", "MN": "Manipur", "MP": "Madhya Pradesh", "MZ": "Mizoram",
        "NL": "Nagaland", "OD": "Odisha", "PB": "Punjab", "PY": "Puducherry", "RJ": "Rajasthan", "SK": "Sikkim",
        "TN": "Tamil Nadu", "TR": "Tripura", "TS": "Telangana", "UK": "Uttarakhand", "UP": "Uttar Pradesh",
        "WB": "West Bengal",
    },
    "BD": {
        "A": "Barishal", "B": "Chattogram", "C": "Dhaka", "D": "Khulna", "E": "Rajshahi", "F": "Rangpur",
        "G": "Sylhet", "H": "Mymensingh",
    },
    "NP": {
        "P1": "Koshi", "P2": "Madhesh", "P3": "Bagmati", "P4": "Gandaki", "P5": "Lumbini", "P6": "Karnali",
        "P7": "Sudurpashchim",
    },
    "MM": {
        "01": "Sagaing", "02": "Bago", "03": "Magway", "04": "Mandalay", "05": "Tanintharyi", "06": "Yangon",
        "07": "Ayeyarwady", "11": "Kachin", "12": "Kayah", "13": "Kayin", "14": "Chin", "15": "Mon", "16": "Rakhine",
        "17": "Shan", "18": "Nay Pyi Taw",
    },
}  # fmt: skip


def region_words(jurisdiction: str) -> str:
    """Give the name of a jurisdiction: `IN-AS` reads "Assam, India"; what is not known here keeps its code."""
    country, _, part = jurisdiction.partition("-")
    if country not in _COUNTRIES:
        return jurisdiction
    if not part:
        return _COUNTRIES[country]
    name = _PARTS.get(country, {}).get(part)
    return f"{name}, {_COUNTRIES[country]}" if name else f"{_COUNTRIES[country]} ({jurisdiction})"
