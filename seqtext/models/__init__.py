"""The shapes of model, as modules."""
