"""PDF by LibreOffice: laid out, split and read back."""
