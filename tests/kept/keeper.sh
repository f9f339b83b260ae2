# Runs a program that must not outlive the tests: `keeper HOME PROGRAM ARGUMENTS…` ends it with kill -9 as soon as a line
# comes in, or the input ends, which it does however the test process ends. Then nobody is left to remove HOME: it goes too.
# The first line of the output is the program's process id; what the program says goes to stderr.
trap '' HUP INT TERM
exec 3<&0
home=$1
shift

"$@" </dev/null >&2 3<&- &
program=$!
{ read -r _ <&3 || : >"$home/orphaned"; kill -9 "$program"; } >/dev/null &
watcher=$!
echo "$program"

wait "$program"
kill -9 "$watcher"
[ -e "$home/orphaned" ] || exit 0
# What the program has started, as a browser, may write there a last time: HOME is gone when it stays gone.
left=30
while [ -e "$home" ] && [ $((left -= 1)) -gt 0 ]; do
  rm -rf -- "$home"
  sleep 2
done
