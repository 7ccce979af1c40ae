"""How many cores torch takes in a thread."""

import threading

import torch


def leave_one_core() -> None:
    """From now on, torch computes with one core less in the calling thread.

    Faces are found there meanwhile, and torch waits for the slowest of its threads. Threads
    that start later get as many as before.
    """
    cores = torch.get_num_threads()
    torch.set_num_threads(max(1, cores - 1))  # here, and in threads that have not used torch yet
    others = threading.Thread(target=torch.set_num_threads, args=[cores], name="torch cores")
    others.start()
    others.join()
