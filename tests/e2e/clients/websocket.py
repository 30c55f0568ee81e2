"""A WebSocket echo (RFC 6455) and its client, as far as the tests of the tap need them.

websocket.py serve PORT         echoes the payload of each masked text frame in an unmasked one
websocket.py talk PORT COUNT    sends COUNT frames, checks what comes back, prints "echoed COUNT"
"""
import base64
import hashlib
import os
import socket
import sys
import threading

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_key(key):
    return base64.b64encode(hashlib.sha1(key + MAGIC).digest())


def read_head(stream):
    """The start line and the fields, names in lower case."""
    line = stream.readline()
    fields = {}
    while True:
        field = stream.readline().rstrip(b"\r\n")
        if not field:
            return line, fields
        name, value = field.split(b":", 1)
        fields[name.lower()] = value.strip()


def echo(connection):
    with connection, connection.makefile("rb") as stream:
        _, fields = read_head(stream)
        key = accept_key(fields[b"sec-websocket-key"])
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + key + b"\r\n\r\n")
        while len(head := stream.read(2)) == 2:
            mask = stream.read(4)
            payload = stream.read(head[1] & 0x7F)
            plain = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
            connection.sendall(bytes([0x81, len(plain)]) + plain)


def serve(port):
    listener = socket.create_server(("127.0.0.1", port))
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


def talk(port, count):
    key = base64.b64encode(os.urandom(16))
    with socket.create_connection(("127.0.0.1", port), 10) as connection, connection.makefile("rb") as stream:
        connection.sendall(
            b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n")
        line, fields = read_head(stream)
        assert line.startswith(b"HTTP/1.1 101 "), line
        assert fields[b"sec-websocket-accept"] == accept_key(key), fields
        for i in range(count):
            text = b"frame %d" % i
            mask = os.urandom(4)
            connection.sendall(bytes([0x81, 0x80 | len(text)]) + mask +
                               bytes(byte ^ mask[j % 4] for j, byte in enumerate(text)))
            head = stream.read(2)
            assert stream.read(head[1]) == text
    print("echoed", count)


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    talk(int(sys.argv[2]), int(sys.argv[3]))
