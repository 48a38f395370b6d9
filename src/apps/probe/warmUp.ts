/** The first handshake of a process takes milliseconds longer than the next ones. It goes to this process itself, and does not count. */
import * as Effect from "effect/Effect"
import { rehearse } from "../../adapters/node/rehearse.ts"
import type { Transport } from "../../plane/ports/Transport.ts"
import { handshake } from "./handshake.ts"

const TIMEOUT_MS = 1_000
const TIMES = 3

/** `ca`: the digest of the authorities that TLS needs; undefined: TCP alone. */
export const warmUp = (transport: Transport["Service"], ca: string | undefined) =>
  Effect.gen(function* () {
    if (ca !== undefined) yield* rehearse([ca])
    const { address } = yield* transport.listen("warm-up", { host: "127.0.0.1", port: 0 }, (client) => client.resetUnsafe())
    const once = handshake(transport, { name: "", ...address }, { timeoutMs: TIMEOUT_MS, identity: null })
    yield* Effect.repeat(once, { times: TIMES - 1 })
  }).pipe(
    Effect.scoped,
    // Without a free port on loopback the first figure is a little high.
    Effect.ignore
  )
