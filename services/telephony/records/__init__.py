"""What an exchange writes of its calls into files: channel events (CEL) and call detail records (CDR)."""
