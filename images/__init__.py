"""What sandboxes are made of, as package data: Dockerfile, base image script, runtime lock, asset catalogue."""
