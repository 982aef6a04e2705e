# Follows the journal in $1, and says which lines are the worker's.
#
# With `bad` behind it there is one more process, which ignores SIGTERM and has left the process group.

if [ "$2" = bad ]; then
    trap '' TERM
    setsid sh -c 'echo ready; exec sleep 3600' &
    trap - TERM
else
    echo ready
fi

tail -n +1 -F "$1" | grep --line-buffered '^worker: ' | while read -r _ line; do
    echo "seen: $line"
done
