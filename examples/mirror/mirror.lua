-- Copies of messages and of replies for Understudy, fire and forget: the live exchange never waits for them and never
-- fails with them. Needs HAProxy 2.6 or newer (core.httpclient). See docs/tap.md, "HAProxy".

local TIMEOUT_MS = 1000 -- of one copy: to connect, and of silence
local OPEN_MAX = 200 -- copies under way; more are left out, so that a dead Understudy costs bounded memory
local CHUNKED_MAX = 49152 -- bytes of a chunked message, head included; below half of tune.bufsize
local TOKEN = os.getenv("UNDERSTUDY_TOKEN") -- of the ingest listener; nil: none

-- Of one hop (RFC 9110 section 7.6.1), or set anew by the client that sends the copy.
local LEFT_OUT = {
	["connection"] = true, ["keep-alive"] = true, ["proxy-connection"] = true, ["te"] = true,
	["transfer-encoding"] = true, ["upgrade"] = true, ["content-length"] = true, ["expect"] = true,
}

local open = 0

-- False where there is no room for one more copy.
local function send(method, url, headers, body)
	if open >= OPEN_MAX then
		return false
	end
	open = open + 1
	core.register_task(function()
		pcall(function()
			local client = core.httpclient()
			client[method](client, {url = url, headers = headers, body = body, timeout = TIMEOUT_MS})
		end)
		open = open - 1
	end)
	return true
end

-- HAProxy's client has these methods and no others: a PATCH is not copied.
local METHODS = {GET = "get", HEAD = "head", POST = "post", PUT = "put", DELETE = "delete"}

-- The body, or nil where it may not be all of it: a message is copied whole or not at all. wait-for-body ends when the
-- message is there or the buffer is full. Without Content-Length (chunked) the end cannot be seen from here, so only
-- what is far too small to have filled the buffer is taken for whole.
local function whole_body(length, body, head_size)
	body = body or ""
	if length == "" then
		return #body + head_size < CHUNKED_MAX and body or nil
	end
	return #body == tonumber(length) and body or nil
end

-- Fields to send, and how many bytes all of them were.
local function copy_fields(fields)
	local copy, size = {}, 0
	for name, values in pairs(fields) do
		local list = {}
		for i = 0, #values do -- HAProxy counts from 0
			size = size + #name + #values[i] + 4
			table.insert(list, values[i])
		end
		if not LEFT_OUT[name] then
			copy[name] = list
		end
	end
	return copy, size
end

core.register_action("understudy_mirror", {"http-req"}, function(txn, base)
	local method = METHODS[txn.sf:method()]
	local fields, size = copy_fields(txn.http:req_get_headers())
	local body = whole_body(txn.sf:req_hdr("content-length"), txn.f:req_body(), size)
	if method ~= nil and body ~= nil and send(method, base .. txn.sf:pathq(), fields, body) then
		txn:set_var("txn.understudy_copied", txn.sf:req_hdr("x-request-id"))
	end
end, 1)

-- Only for messages that were copied: an answer without its message would wait for it in vain.
core.register_action("understudy_answer", {"http-res"}, function(txn, url, interface)
	local key = txn:get_var("txn.understudy_copied")
	local length = txn.sf:res_hdr("content-length")
	local body = whole_body(length, txn.f:res_body(), 0)
	if key == nil or body == nil or body == "" or length == "" then
		return
	end
	local fields = {["content-type"] = {"application/json"}, ["idempotency-key"] = {key}}
	if TOKEN ~= nil then
		fields["authorization"] = {"Bearer " .. TOKEN}
	end
	send("post", url, fields, string.format('{"interface":"%s","key":"%s","status":%d,"legacy":%s}', interface, key,
		txn.f:status(), body))
end, 2)
