"""The suite: unit, integration (real servers), browser and bench."""
