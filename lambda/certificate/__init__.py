"""A self-signed certificate in ACM, renewed in place."""
