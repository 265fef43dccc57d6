"""Run the command line as ``python -m remanence``."""

from __future__ import annotations

from remanence.cli.app import main

if __name__ == "__main__":
    main()
