"""Floor 2: the API and the pages: the same nouns, for programs and people."""
