"""A platform that answers at once, in a process of its own: whatever is measured against it is not the platform's.

It knows nothing and refuses nothing: every call is answered as if it had gone well. Prints its port.
"""

import asyncio
import itertools
import sys

NUMBERS = itertools.count(1)
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection, until its client ends it."""
    while head := await _head(reader):
        length = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        await reader.readexactly(int(length[0]) if length else 0)
        body = b'{"errcode":0,"errmsg":"ok","access_token":"bench","expires_in":7200,"msgid":"bench-%d"}' % next(
            NUMBERS
        )
        writer.write(HEAD.format(len(body)).encode() + body)
    writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


async def serve() -> None:
    """Serve on a free port of this machine until the process is ended."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(f"platform: http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(serve()))
