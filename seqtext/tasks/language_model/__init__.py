"""Text in, after every token the next one out: how likely a text is."""
