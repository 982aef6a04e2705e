# A daemon thread blocks in a Rust future that would take a minute when the program ends.
#
# stdout: blocked
import threading

import stress
from ending import end

blocked = threading.Event()


def work():
    stress.block_on(1)
    blocked.set()
    stress.block_on(60_000)


threading.Thread(target=work, daemon=True).start()
blocked.wait()
print("blocked")
end()
