#!/usr/bin/env bash
# Sends leads to Aktify with curl: one JSON object a line from standard input. AKTIFY_BASE_URL and AKTIFY_API_KEY say
# where and as whom. Leads to correct are appended to $PARKED, and those not sent to $QUEUE, to be sent later.
# Exit codes: 0 all are in or parked, 1 the other side has trouble (come back later), 3 the key was refused.
set -euo pipefail

# There is no default: a forgotten variable would send leads of tests to production.
: "${AKTIFY_BASE_URL:?is not set; it is https://api.aktify.io in production alone}" "${AKTIFY_API_KEY:?is not set}"
url="$AKTIFY_BASE_URL/api/v1/leads"
parked="${PARKED:-parked.jsonl}" queue="${QUEUE:-queue.jsonl}"

# Prints the status, or 000 when there was no answer, or half of one. Bodies aren't looked at: those of errors aren't in
# the contract. curl itself sends again, later each time or as Retry-After says, after 429, 500, 502, 503 and 504, and
# when an answer was lost (with `--output /dev/null` some versions don't: they can't truncate it before the next try).
# The key comes by a pipe and the lead by standard input, so that no list of processes shows them.
send() {
  local status
  status="$(curl --silent --write-out '%{stderr}%{http_code}' --max-time "${TIMEOUT:-10}" \
    --retry "${RETRIES:-5}" --retry-all-errors --retry-max-time 600 \
    --header @<(printf 'x-api-key: %s\n' "$AKTIFY_API_KEY") --header 'content-type: application/json' \
    --data-binary @- "$url" <<<"$1" 2>&1 >/dev/null)" || status=000
  echo "$status"
}

keep_the_rest() {
  printf '%s\n' "$1" >>"$queue"
  cat >>"$queue"
}

while IFS= read -r lead || [ -n "$lead" ]; do
  status="$(send "$lead")"
  case "$status" in
    201 | 409) ;; # 409: it was in already, maybe by a try whose answer was lost
    400) printf '%s\n' "$lead" >>"$parked" ;;
    401)
      keep_the_rest "$lead"
      echo "The key was refused: nothing more is sent." >&2
      exit 3
      ;;
    *)
      keep_the_rest "$lead"
      echo "Gave up; the last answer: $status" >&2
      exit 1
      ;;
  esac
done
