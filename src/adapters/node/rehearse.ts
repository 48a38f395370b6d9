/**
 * Does before the first client what would delay the first handshake of a process: it makes the secure contexts, and writes one
 * ClientHello that goes nowhere.
 *
 * Measured on a slow core: Node takes 3 to 5 ms for the first context and 11 to 15 ms to load its TLS. Deno loads for 45 to 65
 * ms, whatever the context. A whole handshake in memory would save another 2 ms, and need a key of our own.
 *
 * Each turn of the event loop does one part, so a waiting client waits for one part at most.
 */
import * as Effect from "effect/Effect"
import { Duplex } from "node:stream"
import * as tls from "node:tls"
import { contextOf } from "./authorities.ts"

/** A name that cannot exist. */
const SERVERNAME = "rehearsal.invalid"
const TIMEOUT_MS = 1_000

let hasSpoken = false

/**
 * Takes each digest of authorities that proofs may use. Gives the number of bytes that were written: 0 except for the first
 * time.
 */
export const rehearse = Effect.fnUntraced(function* (digests: ReadonlyArray<string>) {
  for (const digest of digests) {
    yield* nextTurn
    // A context that cannot be made now is reported by the proof that needs it.
    yield* Effect.ignore(Effect.try(() => contextOf(digest)))
  }
  const [digest] = digests
  if (digest === undefined || hasSpoken) return 0
  hasSpoken = true
  yield* nextTurn
  return yield* sayHello(digest).pipe(Effect.timeoutOrElse({ duration: TIMEOUT_MS, orElse: () => Effect.succeed(0) }))
})

const nextTurn = Effect.callback<void>((resume) => {
  const timer = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(timer))
})

const sayHello = (digest: string) =>
  Effect.callback<number>((resume) => {
    let secure: tls.TLSSocket | undefined
    // Node writes before `connect` has returned.
    const over = (bytes: number) =>
      void setImmediate(() => {
        secure?.destroy()
        sink.destroy()
        resume(Effect.succeed(bytes))
      })
    const sink = new Duplex({
      read: () => {},
      write: (hello: Uint8Array, _encoding, written) => {
        written()
        over(hello.length)
      }
    })
    sink.on("error", () => over(0))
    try {
      const secureContext = contextOf(digest)
      if (secureContext === undefined) return over(0)
      secure = tls.connect({ socket: sink, servername: SERVERNAME, secureContext })
      secure.on("error", () => over(0))
    } catch {
      over(0)
    }
    return Effect.sync(() => over(0))
  })
