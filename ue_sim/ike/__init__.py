"""The rooms of the IKEv2 initiator."""
