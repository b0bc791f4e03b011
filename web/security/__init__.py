"""Access control of the web server: tokens, CSRF, login throttling, limits on connections and requests."""
