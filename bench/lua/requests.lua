-- Sends the requests of a file in turn: a line each, path and bearer token with a space between.
dofile((debug.getinfo(1, 'S').source:match('^@(.*/)') or './') .. 'report.lua')

local requests = {}
local last = 0

function init(args)
  for line in io.lines(args[1]) do
    local path, token = line:match('^(%S+) (%S+)$')
    requests[#requests + 1] = wrk.format('GET', path, { Authorization = 'Bearer ' .. token })
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end
