"""Diameter without sockets (RFC 6733): codec, grammars, commands, and the peer state machine."""
