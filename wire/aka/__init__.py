"""What the two ends of AKA agree on: Milenage, AUTN and AUTS, SQN (TS 33.102, TS 35.206)."""
