"""Dear Minister: formal letters to ministers and MPs, each sent once and accounted for."""
