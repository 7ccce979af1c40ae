import signal


def main() -> None:
    """Until the command takes over, Ctrl+C ends it without a traceback of the imports."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from trainer.cli.commands import main as run

    run()


if __name__ == "__main__":
    main()
