"""Make papers and paper forms, take files in, give them out."""
