"""Copies a release's files into the stack's own bucket."""
