"""What we say: the campaign folder, the DOCX letter, the e-mail that carries it."""
