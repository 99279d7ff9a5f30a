"""Reading mails again that were read by earlier code."""
