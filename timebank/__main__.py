"""The program, `timebank` and `python -m timebank`."""

import signal

from timebank.runtime.garbage import collect_rarely

# Until the program has begun there is nothing to be stopped: whoever tells it to stop ends it at once. Python would
# raise an error wherever it just is, and where that is in what a library does while it is imported, it may be lost.
signal.signal(signal.SIGINT, signal.SIG_DFL)

collect_rarely()

from timebank.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
