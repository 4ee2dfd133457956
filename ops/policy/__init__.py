"""The rules of the marketplaces: shown, compared, explained, tried on history."""
