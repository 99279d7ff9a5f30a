"""Single messages that a program asks for: a template, a recipient, a key, so that a repeat sends nothing twice."""
