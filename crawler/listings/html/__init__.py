"""HTML listings: the links of a page that name releases, with their headlines and times."""
