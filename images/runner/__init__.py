"""The image of the program itself, for the socket of the host's engine."""
