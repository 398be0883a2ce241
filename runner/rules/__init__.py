"""Rules read evidence and run nothing. One small function decides one criterion."""
