"""What is known before training, and how good the model is after it."""
