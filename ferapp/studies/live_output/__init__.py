"""Live output, only when asked: the faces' numbers to other programs, by LSL and OSC. No Qt."""
