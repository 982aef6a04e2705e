# The hook of the example: writes each notice that comes on its input to its output, which is a file.
#
# Asked to stop by TERM, it delivers what is still on its way, up to the end of its input, and says goodbye.
# With STUBBORN set it ignores both, to be killed together with the `sleep` it has started.

deliver() {
    printf '%s\n' "$1"
    count=$((count + 1))
}

count=0
asked=no
heard=no
trap 'asked=yes' TERM
[ -n "$STUBBORN" ] && trap '' TERM

# A `read` that fails after TERM was interrupted by it, and is made again; any other has found the end.
while read -r notice || [ "$heard" != "$asked" ]; do
    heard=$asked
    [ -n "$notice" ] && deliver "$notice"
done

while [ -n "$STUBBORN" ]; do
    sleep 3600
done

printf 'hook: asked to stop: %s; notices delivered: %s\n' "$asked" "$count"
