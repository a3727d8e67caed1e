"""Why an authentication failed: what its dialogue, the vector and whoever has the keys say of it."""
