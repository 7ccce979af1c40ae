"""Receives live output in a process of its own, on the loopback, and prints it as JSON lines.

Arguments: `osc`, or `lsl` and the names of the streams. The first line says where it listens or
which streams it found. It ends when its standard input is closed.
"""

import json
import os
import sys
import threading
import time
from typing import Any


def say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


def receive_osc() -> None:
    from pythonosc.dispatcher import Dispatcher
    from pythonosc.osc_bundle import OscBundle
    from pythonosc.osc_server import BlockingOSCUDPServer

    class Server(BlockingOSCUDPServer):
        def process_request(self, request: Any, client_address: Any) -> None:
            arrived = time.time()
            bundle = OscBundle(request[0])
            messages = [[one.address, *one.params] for one in bundle]  # type: ignore[union-attr]
            say(time=bundle.timestamp, arrived=arrived, messages=messages)

    server = Server(("127.0.0.1", 0), Dispatcher())
    say(port=server.server_address[1])
    server.serve_forever()


def receive_lsl(names: list[str]) -> None:
    import pylsl
    from pylsl.util import LostError

    def pull(name: str, inlet: pylsl.StreamInlet) -> None:
        while True:
            try:
                sample, moment = inlet.pull_sample(timeout=1.0)
            except LostError:
                say(stream=name, lost=True)
                return
            if sample is not None:
                arrived = pylsl.local_clock()
                say(stream=name, values=sample, time=moment, arrived=arrived)

    for name in names:
        infos: list[pylsl.StreamInfo] = []
        while not infos:
            infos = pylsl.resolve_byprop("name", name, timeout=0.5)
        inlet = pylsl.StreamInlet(infos[0], recover=False)
        inlet.open_stream(timeout=10)
        say(stream=name, xml=inlet.info(timeout=10).as_xml())
        threading.Thread(target=pull, args=(name, inlet), daemon=True).start()


if __name__ == "__main__":
    kind, *names = sys.argv[1:]
    work = receive_osc if kind == "osc" else lambda: receive_lsl(names)
    threading.Thread(target=work, daemon=True).start()
    sys.stdin.read()
    os._exit(0)  # threads of liblsl may be waiting
