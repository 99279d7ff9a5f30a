"""Employees: who works here, with which role."""
