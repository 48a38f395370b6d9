/**
 * What the first handshake of a process would be late by, done before a client waits for it: the secure contexts are made, and one
 * ClientHello is said to nobody. Measured on a slow core: the first context takes Node 3 to 5 ms and loading its TLS 11 to 15; Deno
 * loads for 45 to 65 ms, whatever context it is given. A whole handshake in memory would win 2 ms more, and need a key of our own.
 *
 * One part a turn of the event loop, so that clients who are there wait for one part at most.
 */
import * as Effect from "effect/Effect"
import { Duplex } from "node:stream"
import * as tls from "node:tls"
import { contextOf } from "./authorities.ts"

/** Nobody has this name. */
const SERVERNAME = "rehearsal.invalid"
const TIMEOUT_MS = 1_000

let hasSpoken = false

/** For each digest of authorities that proofs may be asked under. Gives how many bytes were said: 0 but for the first time. */
export const rehearse = Effect.fnUntraced(function* (digests: ReadonlyArray<string>) {
  for (const digest of digests) {
    yield* nextTurn
    // What cannot be made now will be told by the proof that needs it.
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
    // Node speaks before `connect` has returned.
    const over = (bytes: number) =>
      void setImmediate(() => {
        secure?.destroy()
        nobody.destroy()
        resume(Effect.succeed(bytes))
      })
    const nobody = new Duplex({
      read: () => {},
      write: (hello: Uint8Array, _encoding, written) => {
        written()
        over(hello.length)
      }
    })
    nobody.on("error", () => over(0))
    try {
      const secureContext = contextOf(digest)
      if (secureContext === undefined) return over(0)
      secure = tls.connect({ socket: nobody, servername: SERVERNAME, secureContext })
      secure.on("error", () => over(0))
    } catch {
      over(0)
    }
    return Effect.sync(() => over(0))
  })
