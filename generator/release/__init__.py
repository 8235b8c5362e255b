"""A release: its version and contents, where it is published, the links that launch it, and the checks before."""
