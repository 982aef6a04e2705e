# The module is imported, and that is all.
#
# stdout: imported
import stress
from ending import end

print("imported" if stress else "")
end()
