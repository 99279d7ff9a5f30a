"""What mailings say: texts with variables, in each language, checked before they are used."""
