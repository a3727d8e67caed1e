"""What the HSS says to others: SWx, S6a, and the authentication-centre socket of hostapd."""
