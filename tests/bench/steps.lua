-- wrk: steps of 16 numbers to the sessions bench0 to bench63 in turn, or of 2 to small0 to small63 where the
-- argument says `small`. Each thread begins at a place of its own.
local small = '{"gradient":[0.4967141530112327,-0.13826430117118466],"loss":0.6931471805599453}'
local body = '{"gradient":[0.4967141530112327,-0.13826430117118466,0.6476885381006925,1.5230298564080254,'
  .. '-0.23415337472333597,-0.23413695694918055,1.5792128155073915,0.7674347291529088,-0.4694743859349521,'
  .. '0.5425600435859647,-0.46341769281246226,-0.46572975357025687,0.24196227156603412,-1.913280244657798,'
  .. '-1.7249178325130328,-0.5622875292409727],"loss":0.6931471805599453}'
local headers = { ["Content-Type"] = "application/json" }
local threads = 0
function setup(thread) thread:set("start", threads); threads = threads + 1 end
function init(args)
  paths = {}
  local name = args[1] or "bench"
  if name == "small" then body = small end
  for k = 0, 63 do paths[k] = wrk.format("POST", "/v1/sessions/" .. name .. k .. "/steps", headers, body) end
  at = start * 32
end
function request() at = (at + 1) % 64; return paths[at] end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %f %f %f %d\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
