"""The database that knows what became of every dispatch."""
