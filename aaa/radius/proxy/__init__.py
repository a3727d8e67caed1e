"""Users of other realms: their requests go on to those realms' own RADIUS servers (RFC 2865 §2.3)."""
