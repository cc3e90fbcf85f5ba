"""Files written whole, verified when read."""
