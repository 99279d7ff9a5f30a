"""What a service says of its public operations and who asks for them: declared once, beside the code that answers."""
