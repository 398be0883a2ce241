# The training loop is the usual one:
#   for every batch: forward, loss, backward, step.
# It is omitted here for brevity.
