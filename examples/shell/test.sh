#!/usr/bin/env bash
# shellcheck disable=SC2329  # the tests are called by their names
#
# What send-leads.sh does about each answer: `aktify-sandbox exec -- bash test.sh`. The tests run at the same time; each
# has a key of its own, and behind it leads and a record of its own.
set -euo pipefail
cd "$(dirname "$0")"
here="$PWD" key="$AKTIFY_API_KEY" lead='{"phoneNumber": "(509) 555-0100", "region": "CA"}'

# our side of the sandbox: METHOD PATH [JSON]
ask() {
  curl --silent --show-error --fail-with-body --request "$1" "$AKTIFY_SANDBOX_URL/_sandbox$2" \
    --header 'content-type: application/json' --header "authorization: Bearer ${AKTIFY_SANDBOX_TOKEN:-}" ${3+--data "$3"}
}
force() { ask POST /force "{\"key\": \"$AKTIFY_API_KEY\", $1}" >answer.json; }
sends() { # how many requests came [with this status]
  ask POST /requests/verify "{\"where\": {\"key\": \"$AKTIFY_API_KEY\" ${2:+, \"status\": $2}}, \"count\": $1}" >answer.json ||
    { cat answer.json; return 1; }
}
kept() { # how many leads are in
  [ "$(ask GET "/leads?campaign=demo.$name" | grep -o '"receivedAt"' | wc -l)" -eq "$1" ]
}
run() { "$here/send-leads.sh" 2>said.txt; }
ends_with() { # exit code of the last command
  local code=0
  run || code=$?
  [ "$code" -eq "$1" ]
}

test_a_lead_gets_in() {
  run <<<"$lead"
  sends 1 201
  kept 1
}

test_a_missing_variable_sends_nothing_anywhere() {
  AKTIFY_BASE_URL='' ends_with 1 <<<"$lead"
  grep -q 'AKTIFY_BASE_URL: is not set' said.txt
  AKTIFY_API_KEY='' ends_with 1 <<<"$lead"
  grep -q 'AKTIFY_API_KEY: is not set' said.txt
}

test_a_lead_that_was_in_already_is_done_too() {
  printf '%s\n%s' "$lead" "$lead" | run # and a last line needs no end
  sends 1 409
  [ ! -e parked.jsonl ] && [ ! -e queue.jsonl ]
}

test_a_wrong_lead_is_parked_and_the_next_one_sent() {
  printf '%s\n' '{"phoneNumber": "911"}' "$lead" | run
  [ "$(cat parked.jsonl)" = '{"phoneNumber": "911"}' ]
  sends 1 400 # no retry
  kept 1
}

test_a_refused_key_stops_everything() {
  force '"status": 401'
  printf '%s\n' "$lead" '{"the": "next"}' | ends_with 3
  printf '%s\n' "$lead" '{"the": "next"}' | cmp - queue.jsonl
  sends 1
}

test_it_waits_as_it_is_told_and_sends_the_same_lead_again() {
  force '"status": 429, "headers": {"Retry-After": "1"}'
  run <<<"$lead"
  sends 1 429
  sends 1 201
}

test_an_outage_passes() {
  force '"status": 503, "times": 2'
  run <<<"$lead"
  sends 3
  kept 1
}

test_when_it_does_not_pass_the_queue_is_kept() {
  force '"status": 502, "times": 100, "body": "<html>"'
  printf '%s\n' "$lead" '{"the": "next"}' | RETRIES=1 ends_with 1
  printf '%s\n' "$lead" '{"the": "next"}' | cmp - queue.jsonl
  sends 2
}

test_what_is_not_in_the_contract_is_said_aloud() {
  force '"status": 302, "headers": {"Location": "/elsewhere"}'
  ends_with 1 <<<"$lead"
  grep -q 302 said.txt
}

test_half_an_answer_is_none() {
  force '"fault": "truncate", "times": 100'
  RETRIES=0 ends_with 1 <<<"$lead"
}

lost() { # a lost answer is asked for again
  force "\"fault\": \"$1\" ${2:+, \"lead\": \"$2\"}"
  run <<<"$lead"
  sends '{"atLeast": 2}'
  kept 1
}
test_lost_by_a_reset() { lost reset; }
test_lost_by_a_reset_but_kept() { lost reset kept; }
test_lost_by_an_end() { lost empty; }
test_lost_by_an_end_but_kept() { lost empty kept; }
test_lost_in_the_middle() { lost truncate; }
test_lost_in_the_middle_but_kept() { lost truncate kept; }
test_lost_in_silence() { TIMEOUT=1 lost hang; }
test_lost_in_silence_but_kept() { TIMEOUT=1 lost hang kept; }

declare -A jobs
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
for name in $(compgen -A function test_); do
  mkdir "$folder/$name"
  (cd "$folder/$name" && AKTIFY_API_KEY="$key.$name" && export AKTIFY_API_KEY && set -x && "$name") \
    >"$folder/$name.txt" 2>&1 &
  jobs[$name]=$!
done
failed=0
for name in "${!jobs[@]}"; do
  if wait "${jobs[$name]}"; then
    echo "ok $name"
  else
    failed=1
    echo "not ok $name"
    cat "$folder/$name.txt"
  fi
done
exit "$failed"
