"""Access to Redis: connections, the embedded server, keys with lifetimes, Lua scripts, record encoding, fencing."""
