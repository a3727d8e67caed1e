"""Users whose realm is served over Diameter: their Access-Requests become DER (RFC 4072, RFC 6733 §2.8.4)."""
