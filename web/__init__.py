"""The room of the page and the API: the same nouns, for people and programs."""
