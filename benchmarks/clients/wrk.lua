-- wrk's script: sends a request whose {phone} and {trace} are different each time, and prints the answers by status.
-- Arguments: START DIFFERENT SECONDS COUNT REQUEST. With COUNT it stops after that many answers, else wrk's --duration
-- ends it. `phone` is phone_number of leads.py.

local ffi = require("ffi")
ffi.cdef("int kill(int, int); int getpid(void);")

local thread

local function phone(place)
  local area = (2 + place % 8) * 100 + math.floor(place / 8) % 9 * 10 + 2 + math.floor(place / 72) % 8
  return string.format("(%d) 555-%d", area, 1000 + math.floor(place / 576) % 9000)
end

local function split(text, mark)
  local from, to = text:find(mark, 1, true)
  if from then return text:sub(1, from - 1), text:sub(to + 1) end
  return text, nil
end

function setup(it) thread = it end

function init(arguments)
  start, different, count = tonumber(arguments[1]), tonumber(arguments[2]), tonumber(arguments[4])
  head, body = split(arguments[5], "{phone}")
  head, traced = split(head, "{trace}")
  sent, answered, counts = -1, 0, {} -- wrk asks for one request to look at, and sends the next
end

function request()
  local place = start + sent
  sent = sent + 1
  local number = phone(place % different)
  if traced then return head .. string.format("%032x", place) .. traced .. number .. body end
  return head .. number .. body
end

function response(status)
  counts[status] = (counts[status] or 0) + 1
  answered = answered + 1
  if answered == count then
    wrk.thread:stop()
    ffi.C.kill(ffi.C.getpid(), 2) -- wrk sleeps for its whole duration; an interrupt wakes it to report
  end
end

function done(summary, latency)
  local errors, statuses = summary.errors, {}
  for status, number in pairs(thread:get("counts")) do
    table.insert(statuses, string.format('"%d": %d', status, number))
  end
  print(string.format('{"statuses": {%s}, "sent": %d, "failed": %d, "p99_ms": %.4f}', table.concat(statuses, ", "),
    thread:get("sent"), errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(99) / 1e3))
end
