"""What a peer may ask, judged before any face sees it, and learnt where nobody has said it yet."""
