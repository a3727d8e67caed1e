"""What the authentication centre makes of an answer that proved nothing: it has the keys, so it can try assumptions."""
