# An object that owns a runtime, with tasks, is part of a reference cycle that is collected at exit.
#
# stdout: started
import stress
from ending import end


class Node:
    pass


node = Node()
node.itself = node
node.owner = stress.Owner()
node.owner.start(100)
node.owner.block_on(1)
del node
print("started")
end()
