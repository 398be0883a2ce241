"""The files stage: what reading and parsing shows. Runs nothing of the submission."""
