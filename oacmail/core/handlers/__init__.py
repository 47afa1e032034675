"""One handler for each kind of input: it calls the rules of core and collects their effects."""
