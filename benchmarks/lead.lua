-- wrk's script: the pieces of a request, joined by a phone number that is different each time.
-- Arguments: the first number, how many different ones, how many were sent before, after how many answers to stop
-- (0: by time), the pieces.
-- `number` is the same function as `phone_number` in leads.py; what is printed is read by load.py.

local ffi = require("ffi")
ffi.cdef("int kill(int, int); int getpid(void);")

local thread
local areas = {}
for area = 200, 999 do
  if math.floor(area / 10) % 10 ~= 9 and area % 100 ~= 11 then table.insert(areas, area) end
end
local exchanges = {}
for exchange = 200, 999 do
  if exchange ~= 555 then table.insert(exchanges, exchange) end
end

local function number(place)
  local line = place % 10000
  local exchange = exchanges[math.floor(place / 10000) % #exchanges + 1]
  local area = areas[math.floor(place / 10000 / #exchanges) % #areas + 1]
  return string.format("(%d) %d-%04d", area, exchange, line)
end

function setup(it) thread = it end

function init(arguments)
  first, different = tonumber(arguments[1]), tonumber(arguments[2])
  before, most = tonumber(arguments[3]), tonumber(arguments[4])
  pieces = {}
  for place = 5, #arguments do table.insert(pieces, arguments[place]) end
  sent, answered, counts = 0, 0, {}
end

function request()
  local text = table.concat(pieces, number(first + (before + sent) % different))
  sent = sent + 1
  return text
end

function response(status)
  counts[status] = (counts[status] or 0) + 1
  answered = answered + 1
  if answered == most then
    wrk.thread:stop()
    ffi.C.kill(ffi.C.getpid(), 2) -- wrk sleeps for its whole duration; an interrupt wakes it to report
  end
end

function done(summary, latency)
  local errors, statuses = summary.errors, {}
  for status, count in pairs(thread:get("counts")) do
    table.insert(statuses, string.format('"%d":%d', status, count))
  end
  print(string.format(
    'RESULT {"statuses":{%s},"sent":%d,"failed":%d,"seconds":%.6f,"p50_ms":%.4f,"p99_ms":%.4f}',
    table.concat(statuses, ","), thread:get("sent"), errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
