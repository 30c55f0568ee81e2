"""Python's http.client on one kept connection: client.py PORT SIZE. Prints "posted N"."""
import http.client
import sys

port, size = int(sys.argv[1]), int(sys.argv[2])
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
posted = 0


def ask(method, path, **options):
    connection.request(method, path, **options)
    reply = connection.getresponse()
    return reply, reply.read()


def chunks(body):
    for start in range(0, len(body), 1000):
        yield body[start:start + 1000]


def check_stored(reply, body):
    with open(reply.headers["X-Body-File"], "rb") as file:
        assert file.read() == body, reply.headers["X-Body-File"]


reply, page = ask("GET", "/page")
assert reply.status == 200 and len(page) == size
socket_before = connection.sock
for i in range(50):
    reply, head = ask("HEAD", "/page")
    assert reply.status == 200 and head == b"" and reply.headers["Content-Length"] == str(size)
    reply, body = ask("GET", "/page", headers={"If-None-Match": reply.headers["ETag"]})
    assert reply.status == 304 and body == b"", reply.status
    reply, body = ask("GET", "/page", headers={"Range": "bytes=%d-%d" % (i, 2 * i)})
    assert reply.status == 206 and body == page[i:2 * i + 1]
    reply, body = ask("GET", "/nothing")
    assert reply.status == 204 and body == b""
    body = page[i:i + 5000]
    reply, _ = ask("POST", "/route", body=body)
    check_stored(reply, body)
    reply, _ = ask("POST", "/route", body=chunks(body), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    check_stored(reply, body)
    posted += 2
assert connection.sock is socket_before, "the connection was not kept"
print("posted", posted)
