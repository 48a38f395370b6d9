/** A process that writes histories without end, to be killed: `historyWriter.ts FILE`. Prints a dot after each. */
import * as Effect from "effect/Effect"
import process from "node:process"
import * as HistoryFile from "../../src/adapters/file/HistoryFile.ts"
import { HistoryStore } from "../../src/shell/HistoryStore.ts"

const writing = Effect.gen(function* () {
  const store = yield* HistoryStore
  yield* store.load
  for (let i = 0;; i++) {
    const records = Array.from({ length: 1_000 }, (_, n) => ({
      host: "site.example",
      port: 443,
      address: `198.18.${n >> 8}.${n & 255}`,
      sources: ["dns" as const],
      latencyMs: i,
      measuredMs: 1_790_000_000_000 + i,
      expiresMs: 1_790_086_400_000 + i
    }))
    yield* store.save(records)
    yield* Effect.sync(() => process.stdout.write("."))
  }
})
const file = HistoryFile.layer({ path: process.argv[2] ?? "", maxEntries: 1_024, maxBytes: 1 << 20, timeoutMs: 5_000 })
await Effect.runPromise(Effect.provide(writing, file))
