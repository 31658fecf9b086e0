"""Sending what is due: workers, claims, connections, rate and office hours."""
