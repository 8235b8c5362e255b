"""Preflight: checks a launch against the account before anything billable exists."""
