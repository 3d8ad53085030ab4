"""`python -m helpers.cli` is the `report` command."""

from helpers.cli import main

if __name__ == "__main__":
    main()
