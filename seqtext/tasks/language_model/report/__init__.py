"""What is known before training, and how good a language model is."""
