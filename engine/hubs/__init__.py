"""Other hubs: installations elsewhere, with keys, law, clocks and a language of their own."""
