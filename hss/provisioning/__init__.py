"""Adding, showing, barring and removing subscribers."""
