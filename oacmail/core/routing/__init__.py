"""Who wrote a message, which case it belongs to and how it is classified. Decides no effects."""
