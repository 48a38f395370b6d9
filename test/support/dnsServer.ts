/** A DNS server on loopback with the addresses of some names; it can be slow or silent for an address family. */
import { Buffer } from "node:buffer"
import * as dgram from "node:dgram"
import * as net from "node:net"
import * as Effect from "effect/Effect"

const TYPES = { A: 1, AAAA: 28 } as const
type Type = keyof typeof TYPES
const RESPONSE = 0x8180
const NO_SUCH_NAME = 3

export interface Manner {
  /** The kinds of queries that never get an answer. */
  readonly mute?: ReadonlyArray<Type>
  /** How long an answer takes, when it is not sent at once. */
  readonly afterMs?: Readonly<Partial<Record<Type, number>>>
}

/** Stops with its scope; `asked` counts queries. An IPv4-mapped address (`::ffff:192.0.2.1`) is given as IPv6. */
export const dnsServer = (names: Readonly<Record<string, ReadonlyArray<string>>>, manner: Manner = {}) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      new Promise<{ readonly port: number; readonly asked: () => number; readonly stop: () => void }>((resolve) => {
        let asked = 0
        const timers = new Set<NodeJS.Timeout>()
        const socket = dgram.createSocket("udp4")
        socket.on("message", (question, { port, address }) => {
          asked++
          const { name, type, end } = questionIn(question)
          if (type !== undefined && manner.mute?.includes(type)) return
          const send = () => void socket.send(answerTo(question, end, names[name], type), port, address)
          const afterMs = type === undefined ? 0 : manner.afterMs?.[type] ?? 0
          if (afterMs === 0) return send()
          const timer = setTimeout(() => {
            timers.delete(timer)
            send()
          }, afterMs)
          timers.add(timer)
        })
        socket.bind(0, "127.0.0.1", () => {
          const stop = () => {
            for (const timer of timers) clearTimeout(timer)
            socket.close()
          }
          resolve({ port: socket.address().port, asked: () => asked, stop })
        })
      })
    ),
    ({ stop }) => Effect.sync(stop)
  )

function questionIn(question: Buffer) {
  const labels: Array<string> = []
  let at = 12
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.subarray(at + 1, at + 1 + length).toString())
    at += length + 1
  }
  const code = question.readUInt16BE(at + 1)
  const type = (Object.keys(TYPES) as ReadonlyArray<Type>).find((one) => TYPES[one] === code)
  return { name: labels.join("."), type, end: at + 5 }
}

function answerTo(
  question: Buffer,
  end: number,
  known: ReadonlyArray<string> | undefined,
  type: Type | undefined
): Buffer {
  const family = type === "A" ? 4 : 6
  const addresses = type === undefined ? [] : (known ?? []).filter((address) => net.isIP(address) === family)
  const header = Buffer.alloc(12)
  question.copy(header, 0, 0, 2)
  header.writeUInt16BE(RESPONSE | (known === undefined ? NO_SUCH_NAME : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(addresses.length, 6)
  const answers = addresses.map((address) => {
    const bytes = bytesOf(address)
    // The name is a pointer to the question's; class IN, a minute to live.
    return Buffer.from([0xc0, 12, 0, type === "A" ? TYPES.A : TYPES.AAAA, 0, 1, 0, 0, 0, 60, 0, bytes.length, ...bytes])
  })
  return Buffer.concat([header, question.subarray(12, end), ...answers])
}

/** The bytes of an IPv4 address, or of an IPv6 address with or without IPv4 at its end. */
function bytesOf(address: string): ReadonlyArray<number> {
  if (net.isIPv4(address)) return address.split(".").map(Number)
  const dotted = address.slice(address.lastIndexOf(":") + 1)
  if (net.isIPv4(dotted)) {
    const [a = 0, b = 0, c = 0, d = 0] = bytesOf(dotted)
    const words = [a * 256 + b, c * 256 + d].map((word) => word.toString(16)).join(":")
    return bytesOf(address.slice(0, -dotted.length) + words)
  }
  const [head = "", tail] = address.split("::")
  const words = (text: string) => text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16))
  const [left, right] = [words(head), tail === undefined ? [] : words(tail)]
  const zeros = Array<number>(8 - left.length - right.length).fill(0)
  return [...left, ...zeros, ...right].flatMap((word) => [word >> 8, word & 255])
}
