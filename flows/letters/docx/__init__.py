"""Word documents: read safely, filled, bundled and written."""
