"""Prefect's side: tasks, sign-off, states, artifacts and the server."""
