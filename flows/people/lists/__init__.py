"""Contact lists from files: tables, their rows and cells, and the rows handed back."""
