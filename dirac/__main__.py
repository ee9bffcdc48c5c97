"""`python -m dirac` is `dirac`."""

from dirac.cli.main import main

if __name__ == "__main__":
    main()
