"""One handler for each kind of input: it calls the rules of the packages below and collects their effects."""
