"""The asking side of RADIUS on sockets, for whoever asks: a gateway, a proxy, a CoA client."""
