"""Workflows, ladders, calendars and law packs: versions, proposals, previews."""
