"""Tables in files: delimited text in any charset, workbooks."""
