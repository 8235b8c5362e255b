"""Documents that derive from the templates: parameter reference, table of updates, picture."""
