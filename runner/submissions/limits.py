"""How big a submission may be. Real ones are far smaller; the measurements are of 26 repositories.

All sizes are bytes unless the name says otherwise.
"""

MIB = 1024 * 1024

DOCUMENT_BYTES = 16 * MIB
"""One JSON document or transcript. The largest research history seen was 2.8 MB."""

ARCHIVE_BYTES = 64 * MIB
"""A .zip or .tar.gz as it lies on disk."""

UNPACKED_BYTES = 256 * MIB
"""Everything in an archive, a directory or a commit that is read, binary files included."""

FILE_BYTES = 4 * MIB
"""One text file of a submission. The largest source file seen had 19 kB."""

TEXT_BYTES = 16 * MIB
"""All text files of a submission together."""

FILES = 4000
"""Text files of a submission. Repositories had up to 57 files."""

ENTRIES = 50_000
"""Files and folders looked at while reading a directory, an archive or a commit."""

RUNS = 500
"""Runs of a submission."""

NESTING = 64
"""Objects and arrays inside each other in a JSON document. Research histories reach 11."""

JSON_VALUES = 1_000_000
"""Strings, brackets and commas of a JSON document. Research histories have up to 2,500."""

INTEGER_DIGITS = 40
"""Digits of one JSON integer; Python itself refuses to convert over 4300."""

PATH_BYTES = 512
NAME_BYTES = 255
"""One part of a path, as file systems have it."""

PATH_PARTS = 32

RUN_ID_BYTES = NAME_BYTES - len(".yaml")
"""A run id names a file `<run_id>.yaml`."""

SNIFF_BYTES = 8192
"""A file with a NUL byte in its first bytes is binary (the rule that git uses)."""

GIT_SECONDS = 60.0
"""Wall time of all git commands of one submission."""
