"""The SMTP dialogue with the mail server, and what its replies mean."""
