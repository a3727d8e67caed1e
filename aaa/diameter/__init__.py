"""The Diameter face of the AAA server: Diameter EAP and S6b (RFC 4072, TS 29.273 §9)."""
