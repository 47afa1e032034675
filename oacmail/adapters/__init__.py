"""Each module handles one external system; none imports another."""
