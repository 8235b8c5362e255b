"""Files in and out: sources, inline code, archives, YAML, folders. Knows nothing of the portal."""
