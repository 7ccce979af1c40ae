"""Sentences about live output."""

from ferapp.live.status import OutputStatus
from ferapp.ui.text import wording

PRIVACY = (
    "Live output is off until you start it here or on the command line, and always off at the next "
    "start. It sends numbers, never pictures. They are personal data all the same: send them only "
    "with the consent of the people in the picture."
)
CONTENT = (
    "Sent for each face of each frame: the probability of every expression, action units, head "
    "pose, eye openness, doubts and the number of the face; and the events of a recording."
)
LSL_REACH = (
    "LSL offers streams that every program on this computer and on its local network can find and "
    "record, such as LabRecorder: one for each face, and one of markers."
)
OSC_REACH = (
    "OSC sends to one address only, not encrypted: a program on this computer (127.0.0.1) or "
    "another one."
)


def sign_text(status: OutputStatus) -> str:
    """What is sent where, and how often."""
    where = "by LSL on the network" if status.target.kind == "lsl" else f"to {status.target.title}"
    rate = f"{status.per_second:.0f} a second" if status.sent else "nothing yet"
    return f"Sending {where}: {rate}"


def trouble_text(status: OutputStatus) -> str:
    """What is wrong or waited for; "" when all is well."""
    lost = f"{status.lost:,} not sent." if status.lost else ""
    return " ".join(filter(None, (lost, status.notice)))


def sign_tip(status: OutputStatus) -> str:
    delay = f"\nDelay from capture to sending: {wording.milliseconds(status.delay_ms)} (median)."
    return (
        f"{status.sent:,} frames and markers sent.{delay * bool(status.sent)}"
        "\nTimes in the data are those of the capture, not of the sending."
        "\nNumbers only, no pictures."
    )
