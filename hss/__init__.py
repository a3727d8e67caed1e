"""The home subscriber server: the only package that knows SQL."""
