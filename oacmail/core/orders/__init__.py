"""An agent's orders: what their mail, their buttons and each of them do. Their words stand in core/order_words.py."""
