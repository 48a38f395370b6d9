/** A DNS server on loopback that knows the IPv4 addresses of some names, and nothing else. */
import { Buffer } from "node:buffer"
import * as dgram from "node:dgram"
import * as Effect from "effect/Effect"

const TYPE_A = 1
const RESPONSE = 0x8180
const NO_SUCH_NAME = 3

/** Stops with its scope; `asked` counts questions. */
export const dnsServer = (names: Readonly<Record<string, ReadonlyArray<string>>>) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      new Promise<{ readonly port: number; readonly asked: () => number; readonly stop: () => void }>((resolve) => {
        let asked = 0
        const socket = dgram.createSocket("udp4")
        socket.on("message", (question, { port, address }) => {
          asked++
          socket.send(answerTo(question, names), port, address)
        })
        socket.bind(0, "127.0.0.1", () => {
          resolve({ port: socket.address().port, asked: () => asked, stop: () => void socket.close() })
        })
      })
    ),
    ({ stop }) => Effect.sync(stop)
  )

function answerTo(question: Buffer, names: Readonly<Record<string, ReadonlyArray<string>>>): Buffer {
  const labels: Array<string> = []
  let at = 12
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.subarray(at + 1, at + 1 + length).toString())
    at += length + 1
  }
  const end = at + 5
  const known = names[labels.join(".")]
  const addresses = question.readUInt16BE(at + 1) === TYPE_A ? known ?? [] : []
  const header = Buffer.alloc(12)
  question.copy(header, 0, 0, 2)
  header.writeUInt16BE(RESPONSE | (known === undefined ? NO_SUCH_NAME : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(addresses.length, 6)
  const answers = addresses.map((address) =>
    // The name is a pointer to the question's; class IN, a minute to live.
    Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split(".").map(Number)])
  )
  return Buffer.concat([header, question.subarray(12, end), ...answers])
}
