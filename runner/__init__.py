"""The host side of sandbox-review: submissions, stages, rules, reports and the command line."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("sandbox-review")
except PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "0+unknown"
