"""What the forms and answers of the gateway's own routes are made of; the words are those of every service."""

from hub.api.forms import After, Form, Id, Limit, View
from hub.api.problems import CONFLICT, NOT_FOUND, PROBLEMS, TOO_LARGE, Problem
from hub.contracts.shown import AttachmentView

__all__ = [
    "CONFLICT",
    "NOT_FOUND",
    "PROBLEMS",
    "TOO_LARGE",
    "After",
    "AttachmentView",
    "Form",
    "Id",
    "Limit",
    "Problem",
    "View",
]
