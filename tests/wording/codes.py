"""What a code looks like: whatever means something to the system and nothing to who reads a letter."""

import re

_PILLARS = (
    "core|partnership|policing|press|prevention|prosecution|protection|rehabilitation|reintegration|repatriation"
    "|reporting|rescue|restitution"
)
_CODES = (
    r"\b[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+\b",  # no_order_yet, BNS64_71
    rf"\b(?:{_PILLARS})\.[a-z_]+",  # policing.fir
    r"\b(?:IN|BD|NP|MM|INT)-[A-Z0-9][A-Z0-9-]+\b",  # IN-AS, IN-JJ-PROD-24H
    r"\bP(?=T?\d)(?:\d+(?:[YMWD]|WD))*(?:T(?:\d+[HMS])+)?\b",  # P7D, PT1H30M
    r"\b\d{4}-\d\d-\d\dT\d\d:\d\d",  # an instant as it is stored
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",  # an id
    r"^(?:True|False|None)$|[\[{][\"']",  # a value as Python writes it
)
_CODE = re.compile("|".join(f"(?:{one})" for one in _CODES))
_UNSEEN = re.compile(r"<(style|script|title)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def codes_in(text: str) -> set[str]:
    """Find the codes in a text, or in what a page of HTML shows."""
    return {found[0] for line in _shown(text) for found in _CODE.finditer(line)}


def _shown(text: str) -> list[str]:
    parts = _TAG.sub("\n", _UNSEEN.sub("", text)).replace("&#39;", "'").replace("&#34;", '"').split("\n")
    return [part.strip() for part in parts if part.strip()]
