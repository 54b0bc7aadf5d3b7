"""What holds for all tests."""

import signal


def pytest_configure() -> None:
    """Interrupts work, also in what tests start: a job in the background is started to ignore them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
