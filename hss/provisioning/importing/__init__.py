"""SIM batches out of vendors' files: read by a mapping, opened by transport keys, sealed, and undone as one."""
