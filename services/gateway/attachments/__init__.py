"""Attachments: files up and down."""
