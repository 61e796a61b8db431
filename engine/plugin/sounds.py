"""How words of Latin, Devanagari, Bengali, Assamese and Burmese script sound, for pillars that compare names."""

from engine.language.scripts import roman, skeleton, sound

__all__ = ["roman", "skeleton", "sound"]
