"""A second end for what a program says on stderr: the user sees it as it comes, and we can read it afterwards.

Where stderr is a terminal the program gets one too, of the same size, so that it shows its progress and colours.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from threading import Thread

MOST_KEPT = 1024 * 1024
"""Characters of the end that are kept: that is where the error is."""

_WAIT = 2.0  # seconds for what a program left behind to close its end


class Overheard:
    """What a program writes to `end` goes to our stderr, and into `text`."""

    def __init__(self) -> None:
        self._is_terminal = False
        self._ours, self.end = self._open()
        self._kept = bytearray()
        self._copying = Thread(target=self._copy, daemon=True)
        # Signals are for the thread that waits for the program; a new one blocks what the one that starts it blocks.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self._copying.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _open(self) -> tuple[int, int]:
        """Return our end and the program's: of a terminal, where we have one and the machine gives us another."""
        if os.isatty(2):
            with suppress(OSError):  # a container or a chroot without /dev/pts, or no more of them
                ours, self.end = os.openpty()
                self._is_terminal = True
                _make_plain(self.end)
                self.fit()
                return ours, self.end
        return os.pipe()

    def fit(self) -> None:
        """Give it the size of our terminal."""
        if self._is_terminal:
            import fcntl
            import termios

            with suppress(OSError):
                fcntl.ioctl(self.end, termios.TIOCSWINSZ, fcntl.ioctl(2, termios.TIOCGWINSZ, b"\0" * 8))

    def _copy(self) -> None:
        while True:
            try:
                data = os.read(self._ours, 65536)
            except OSError:  # of a terminal that nobody has open any more
                break
            if not data:
                break
            self._kept += data
            del self._kept[:-MOST_KEPT]
            try:
                while data:
                    data = data[os.write(2, data) :]
            except OSError:  # nobody reads what we say; the program is not to wait for us
                continue

    def close(self) -> str:
        """Return what was said, once all of it is there."""
        os.close(self.end)
        self._copying.join(_WAIT)
        return self._kept.decode(errors="replace")


def _make_plain(terminal: int) -> None:
    """Hand line ends on as they are: our own terminal makes of them what it does."""
    import termios

    mode = termios.tcgetattr(terminal)
    mode[1] &= ~termios.OPOST
    termios.tcsetattr(terminal, termios.TCSANOW, mode)
