"""Press: find missing people and move policy through the media, and keep survivors' identities out of them."""

from engine.plugin import Pillar
from pillars.press import steps

PILLAR = Pillar(
    key="press",
    name="Press",
    letter="P",
    summary="Use the media to find missing people and to move policy, and stop the media from harming survivors.",
    step_types=(
        steps.QUERY,
        steps.RELEASE,
        steps.IDENTITY_CHECK,
        steps.LEAK,
        steps.TAKEDOWN,
        steps.MONITOR,
        steps.TRAINING,
    ),
)
