#!/bin/sh
# Runs test files with Node's own runner: its report for people, and beside it what must not be overlooked (test/support/strict-reporter.ts).
exec node --test \
  --test-reporter=spec --test-reporter-destination=stdout \
  --test-reporter=./.test-build/support/strict-reporter.js --test-reporter-destination=stdout \
  "$@"
