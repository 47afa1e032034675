"""`python -m oacmail` is `oacmail`."""

from oacmail.cli import main

if __name__ == "__main__":
    main()
