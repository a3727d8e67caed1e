"""IPv4, IPv6 and what the tunnel's ends need above them (RFC 791, RFC 8200, RFC 768, RFC 4443)."""
