"""Real servers for tests: each one a context manager on a free loopback port."""
