"""Every code that a finding can have."""

READING = frozenset(
    {
        "cannot-open", "too-large", "not-utf8", "empty-file", "yaml-syntax", "tab", "hidden-character", "look-alike",
        "duplicate-key", "key-not-text", "alias", "tag", "several-documents", "directive", "too-deep", "not-a-number",
    },
)  # fmt: skip
SHAPE = frozenset(
    {
        "unknown-kind", "unknown-key", "missing-key", "wrong-type", "bad-name", "unknown-word", "out-of-bounds",
        "bad-value", "name-used-twice",
    },
)  # fmt: skip
EXTENDING = frozenset(
    {"unknown-workflow", "extends-cycle", "extends-too-long", "extends-not-a-name", "removes-nothing"},
)
NAMING = frozenset(
    {
        "reserved-word", "name-twice", "unknown-step-type", "unknown-step", "unknown-role", "unknown-ladder",
        "unknown-calendar", "unknown-fact", "not-itself", "in-two-choices", "choice-without-default",
        "after-and-choice", "start-not-alone", "start-like-a-step",
    },
)  # fmt: skip
ORDER = frozenset({"cycle", "join-impossible", "no-first-step", "after-optional-steps"})
TIMING = frozenset(
    {
        "no-time-limit", "time-never-applies", "time-only-sometimes", "limit-and-law", "time-without-limit",
        "bad-limit", "bad-warning", "unknown-law", "law-without-time", "unknown-option", "law-of-another-place",
        "bad-from", "bad-breach-target", "law-excludes", "unknown-interval", "law-not-pausable",
        "signature-in-file",
    },
)  # fmt: skip
CONDITIONS = frozenset(
    {
        "condition-syntax", "condition-type", "unknown-field", "unknown-choice", "sealed-field", "condition-too-early",
        "condition-not-before", "may-wait-for-ever", "never-true", "undecided", "gate-never-opens", "unused-fact",
    },
)  # fmt: skip
FOLLOW_UPS = frozenset({"unknown-follow-up", "endless-follow-ups"})
DETAILS = frozenset(
    {"bad-fact", "question-clash", "bad-question", "automatic-step", "same-role-approves", "title-says-more"},
)
LIBRARY = frozenset(
    {"levels-out-of-order", "unknown-letter", "acknowledgement-without-effect", "no-last-resort", "below-floor",
     "ladder-of-a-unit", "day-twice",
     "unknown-place", "limit-in-use"},
)  # fmt: skip

MESSAGES = frozenset({"message-template"})

CODES = READING | SHAPE | EXTENDING | NAMING | ORDER | TIMING | CONDITIONS | FOLLOW_UPS | DETAILS | LIBRARY | MESSAGES
