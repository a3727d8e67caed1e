"""The rooms of the IKEv2 responder."""
