"""What a long-running service keeps of the memory that a large message needed."""

import subprocess
import sys

SEVERAL_THREADS = """
import ctypes, sys, tempfile, threading
from oacmail import host

if "one" in sys.argv:
    host.keep_one_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p

def allocate():
    block = libc.malloc(1000)  # Python itself may have a small block without asking the C library
    together.wait()

together = threading.Barrier(5)
threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads:
    thread.start()
with tempfile.TemporaryFile() as out:
    libc.fdopen.restype = ctypes.c_void_p
    file = ctypes.c_void_p(libc.fdopen(out.fileno(), b"w"))
    libc.malloc_info(0, file)
    libc.fflush(file)
    out.seek(0)
    print(out.read().count(b"<heap nr="))
together.wait()
"""


def test_all_threads_of_the_service_share_one_heap() -> None:
    heaps = [
        int(subprocess.run([sys.executable, "-c", SEVERAL_THREADS, given], capture_output=True, check=True).stdout)
        for given in ("", "one")
    ]
    assert heaps[0] > heaps[1] == 1
