"""The host side of sandbox-review: submissions, stages, rules, reports and the command line."""
