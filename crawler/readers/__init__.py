"""The reader processes that parse untrusted bytes, and their fair queue."""
