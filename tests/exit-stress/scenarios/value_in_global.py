# An object that owns a runtime, with tasks, sits in a module's global when the program ends.
#
# stdout: started
import stress
from ending import end

owner = stress.Owner()
owner.start(100)
owner.block_on(1)
print("started")
end()
