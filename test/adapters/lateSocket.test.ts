/** Sockets that are connected later, between a library and a connection that comes from elsewhere. */
import { assert, describe, it } from "vitest"
import { Buffer } from "node:buffer"
import { once } from "node:events"
import * as net from "node:net"
import { text } from "node:stream/consumers"
import { lateSocket } from "../../src/adapters/node/LateSocket.ts"
import { serve } from "../support/servers.ts"

const connected = async (port: number) => {
  const socket = net.connect(port, "127.0.0.1")
  await once(socket, "connect")
  return socket
}

describe("a late socket", () => {
  it("asks for its connection when it is told to connect, and passes on what was asked for", async () => {
    const { port, stop } = await serve((socket) => void socket.pipe(socket))
    const asked: Array<unknown> = []
    const late = lateSocket((wanted) => {
      asked.push(wanted)
      return connected(port)
    })
    assert.deepStrictEqual([asked.length, late.connecting], [0, false])
    // Before the connection is there, bytes and settings wait for it.
    late.setNoDelay(true).setKeepAlive(true, 1_000).setTimeout(60_000)
    late.write("hel")
    assert.strictEqual(late.connect(5432, "db.example"), late)
    assert.isTrue(late.connecting)
    await once(late, "connect")
    assert.deepStrictEqual(asked, [{ host: "db.example", port: 5432 }])
    assert.deepStrictEqual([late.connecting, late.remotePort], [false, port])
    assert.strictEqual(await text(late.end("lo")), "hello")
    assert.throws(() => late.connect(), /connected already/)
    await stop()
  })

  it("holds back a server that sends more than is read, and loses no byte before its end", async () => {
    const sent = Buffer.alloc(8 << 20, "0123456789")
    const { port, stop } = await serve((socket) => void socket.end(sent))
    const late = lateSocket(() => connected(port)).connect()
    await once(late, "connect")
    // Nothing reads until here: no more waits in this process than the buffers of both sockets.
    await once(late, "readable")
    assert.isAtMost(late.readableLength, 1 << 20)
    const received: Array<Uint8Array> = []
    late.on("data", (chunk: Uint8Array) => received.push(chunk))
    await once(late, "end")
    assert.isTrue(Buffer.concat(received).equals(sent))
    await stop()
  })

  it("fails with the error of the connection that could not be made", async () => {
    const late = lateSocket(() => Promise.reject(new Error("no address"))).connect()
    const [error] = await once(late, "error")
    assert.strictEqual(error.message, "no address")
    assert.isTrue(late.destroyed)
  })

  it("closes without an error when the owner of the connection closes it, also while bytes are written", async () => {
    const { port, stop } = await serve(() => {})
    const socket = await connected(port)
    const late = lateSocket(() => Promise.resolve(socket)).connect()
    const errors: Array<Error> = []
    late.on("error", (error) => errors.push(error))
    await once(late, "connect")
    socket.destroy()
    const written = new Promise((resolve) => late.write("too late", resolve))
    await once(late, "close")
    assert.instanceOf(await written, Error)
    assert.deepStrictEqual(errors, [])
    await stop()
  })

  it("passes on a reset, and the end of its user closes what came, also when it came too late", async () => {
    const { port, sockets, stop } = await serve(() => {})
    const late = lateSocket(() => connected(port)).connect()
    await once(late, "connect")
    for (const socket of sockets) socket.resetAndDestroy()
    assert.match(String(await once(late, "error")), /ECONNRESET/)

    let come = (_socket: net.Socket) => {}
    const given = new Promise<net.Socket>((resolve) => (come = resolve))
    const tooLate = lateSocket(() => given).connect()
    tooLate.destroy()
    const socket = await connected(port)
    come(socket)
    await once(socket, "close")
    await stop()
  })
})
