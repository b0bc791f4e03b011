"""Leader election and what only the leader does: the lease, worker coordination, rollback recovery."""
