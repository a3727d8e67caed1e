"""Sealed backups of the whole store, and their restoring into an empty one of either engine."""
