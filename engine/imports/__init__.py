"""Cases that come from elsewhere: old ones from a spreadsheet, and those of another hub as HTCDS 2.0."""
