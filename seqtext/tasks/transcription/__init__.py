"""Sound in, what is said in it out, while it is being said."""
