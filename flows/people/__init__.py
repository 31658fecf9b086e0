"""Who we write to: contacts, their sources, forms of address, who is in an audience."""
