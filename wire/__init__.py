"""What two ends must agree on, bit for bit: codecs, key schedules, state rules; no clock, socket or entropy inside."""
