"""The database: where it is, how it is reached, its schema, and group commit."""
