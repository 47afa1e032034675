"""One handler for each kind of input: it calls the rules below and collects their effects. Holds no rule of its own."""
