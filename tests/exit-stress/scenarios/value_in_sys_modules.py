# An object that owns a runtime, with tasks, is what a module in sys.modules has left over, under a name that the
# interpreter clears late.
#
# stdout: started
import sys
import types

import stress
from ending import end

leftover = types.ModuleType("leftover")
leftover.owner = stress.Owner()
leftover.owner.start(100)
leftover.owner.block_on(1)
sys.modules["leftover"] = leftover
sys.leftover_owner = stress.Owner()
sys.leftover_owner.start(100)
del leftover
print("started")
end()
