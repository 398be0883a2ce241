"""A finished review or night in a CI's own words: `sandbox-review-ci`, which the action and the templates call."""
