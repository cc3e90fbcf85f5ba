"""What is known before training, and how good a transcriber is."""
