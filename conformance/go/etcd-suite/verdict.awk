# Prints the output of one test, whose name is t and whose process ended with the status code, and fails if the test did. A test passes only if
# something of it ran: of one with parts, a part that has none itself. One without a verdict, which panicked or ran out of
# time, gets one.
{ lines[NR] = $0 }
$1 == "===" && $2 == "RUN" { parts[$3] }
$1 == "---" && $2 == "PASS:" { good[$3] }
$1 == "---" && $2 == "FAIL:" { bad = 1 }
$1 == "---" && $3 == t { judged = NR; verdict = $2 }
# Goroutines of the test program itself, which ends here anyway.
/^Unexpected goroutines running after all test/ { code = 0 }
END {
  for (a in parts) for (b in parts) if (index(b, a "/") == 1) delete good[a]
  ran = 0
  for (a in good) ran = 1
  if (verdict == "PASS:" && !ran) sub("PASS", "SKIP", lines[judged])
  for (i = 1; i <= NR; i++) print lines[i]
  if (!bad && (verdict == "" || code != 0)) {
    print "run-each: the test ended with status " code
    print "--- FAIL: " t " (0.00s)"
    bad = 1
  }
  exit bad
}
