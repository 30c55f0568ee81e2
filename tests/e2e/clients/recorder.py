"""A legacy system seen from the middleware: passes each POST on to the URL in argv[1], and writes the message to
argv[2]/messages.jsonl and the reply beside it to argv[2]/replies.jsonl, one line each. Prints its own address first."""
import http.server
import sys
import threading
import urllib.request

url, folder = sys.argv[1:3]
lock = threading.Lock()


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            answer = reply.read()
        with lock:
            with open(folder + "/messages.jsonl", "ab") as messages, open(folder + "/replies.jsonl", "ab") as replies:
                messages.write(body.replace(b"\n", b" ") + b"\n")
                replies.write(answer.replace(b"\n", b" ") + b"\n")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
print("recorder http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
