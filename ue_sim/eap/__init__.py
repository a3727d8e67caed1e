"""The parts of the EAP peer: its states, its judgement of a challenge, its answers."""
