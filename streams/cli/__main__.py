"""``python -m streams.cli`` is ``queuepulse``."""

from streams.cli import main

if __name__ == "__main__":
    main()
