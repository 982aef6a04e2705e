# A program that never imports the module: what its exit takes is the floor of all others.
#
# stdout: nothing
from ending import end

print("nothing")
end()
