# A thread that is no daemon blocks in a Rust future when the main thread ends. It gets its result.
#
# stdout: main has ended
# stdout: the thread has ended
import threading

import stress
from ending import end

blocked = threading.Event()
said = threading.Event()


def work():
    stress.block_on(1)
    blocked.set()
    stress.block_on(50)
    said.wait()
    print("the thread has ended")


threading.Thread(target=work).start()
blocked.wait()
print("main has ended", flush=True)
said.set()
end()
