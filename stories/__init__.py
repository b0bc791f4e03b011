"""Floor 0: the nouns of a newsroom and their memory in Redis. Imports nothing else of wirewatch."""
