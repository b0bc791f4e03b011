"""The text of a release: which blocks of the page belong to it, and the sections that they form."""
