# Follows the journal in $1, and says which lines are the worker's.
#
# With `bad` behind it there is one more, which ignores SIGTERM.

if [ "$2" = bad ]; then
    trap '' TERM
    sleep 3600 &
    trap - TERM
fi

echo ready
tail -n +1 -F "$1" | grep --line-buffered '^worker: ' | while read -r _ line; do
    echo "seen: $line"
done
