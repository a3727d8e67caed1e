"""What every Diameter node does with sockets: connections, peers that come, peers that are called (RFC 6733 §2)."""
