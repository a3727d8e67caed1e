"""How SQNs are counted: rules without a store, the same in SQL, and what each profile asks for (TS 33.102 Annex C)."""
