/** The addresses of this machine's interfaces. They are read at most once a second. */
import * as os from "node:os"

const FRESH_MS = 1_000

let known: ReadonlyArray<string> = []
let readAtMs = Number.NEGATIVE_INFINITY

export function ownAddresses(): ReadonlyArray<string> {
  const nowMs = performance.now()
  if (nowMs - readAtMs < FRESH_MS) return known
  readAtMs = nowMs
  known = Object.values(os.networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address))
  return known
}
