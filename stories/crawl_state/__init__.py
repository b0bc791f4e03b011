"""What crawls remember in Redis between two polls: claims, cursors, quarantine, observations, subscriptions."""
