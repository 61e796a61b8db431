"""The colours of the pillars: light fills under black text, borders dark enough for small print."""

from dataclasses import dataclass

INK = "#111111"


@dataclass(frozen=True, slots=True)
class Colour:
    """The colours of one swim lane. The lane also bears its name, so nothing hangs on colour alone."""

    fill: str
    border: str


_COLOURS = {
    "partnership": Colour("#d6e4f5", "#1f4e8c"),
    "prevention": Colour("#d9f0d3", "#1e6b2e"),
    "protection": Colour("#fff2b3", "#7a5c00"),
    "policing": Colour("#c9d3e0", "#26364d"),
    "press": Colour("#f9d9e8", "#96205c"),
    "prosecution": Colour("#e3d7f2", "#5a2a91"),
    "reporting": Colour("#ffe0cc", "#99400a"),
    "rescue": Colour("#f8cfcb", "#9c1c14"),
    "rehabilitation": Colour("#cfeeee", "#0b5f61"),
    "repatriation": Colour("#e8e1d0", "#5e4a1f"),
    "reintegration": Colour("#e4f2c4", "#4a6208"),
    "restitution": Colour("#ead7cf", "#7a3b22"),
}
_OTHER = Colour("#ececec", "#444444")


def colour_of(pillar: str) -> Colour:
    """Give the colours of a pillar; grey for one that is not among the twelve."""
    return _COLOURS.get(pillar, _OTHER)
