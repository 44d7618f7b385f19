"""The nouns every stage shares: frozen types, standard library only."""
