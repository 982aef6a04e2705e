# A task, or the function that closes a connection, needs 50 ms when it is asked to stop, and says that it has come to its end.
# It runs on the module's runtime, or on something that its object owns. Nothing has called `install`.
#
# variants: runtime-0.5 runtime-2 runtime-10 thread-0.5 thread-2 thread-10 tasks-0.5 tasks-2 tasks-10 shim-0.5 shim-2 shim-10 connection-0.5 connection-2 connection-10 plain
# runs: 3
# peer: no
# stdout: began
# stdout: flushed
import sys

import stress_bare
from ending import end

kind, _, timeout = sys.argv[1].partition("-")
flusher = stress_bare.flush(kind, timeout)
print("began", flush=True)
end()
