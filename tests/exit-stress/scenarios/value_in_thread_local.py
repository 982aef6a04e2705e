# Objects that own runtimes, with tasks, sit in thread-locals: of the main thread, of a daemon thread, of a thread that
# ends after the main thread has.
#
# stdout: started
import threading
import time

import stress
from ending import end

local = threading.local()
started = threading.Barrier(3)


def hold(seconds):
    local.owner = stress.Owner()
    local.owner.start(100)
    local.owner.block_on(1)
    started.wait()
    time.sleep(seconds)


threading.Thread(target=hold, args=(60,), daemon=True).start()
threading.Thread(target=hold, args=(0.02,)).start()
local.owner = stress.Owner()
local.owner.start(100)
started.wait()
print("started")
end()
