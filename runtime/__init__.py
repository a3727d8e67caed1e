"""What every daemon does the same way: the event loop, endpoints, configuration, logs, captures."""
