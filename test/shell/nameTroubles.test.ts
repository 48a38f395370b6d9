/** What is known of names without addresses, and how often it is reported. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ResolveError } from "../../src/plane/ports/errors.ts"
import type { NameNews } from "../../src/shell/NameTroubles.ts"
import { NameTroubles } from "../../src/shell/NameTroubles.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { answersOf, LIMITS } from "../support/answers.ts"

/** A resolver with the answer that the test set last, watched for the upstream `web` and for names on demand. */
function watched() {
  let nowUs = 0
  let says: Effect.Effect<ReturnType<typeof answersOf>, ResolveError> = Effect.never
  const hosts = new Set(["web.example"])
  const troubles = new NameTroubles({
    nowUs: () => nowUs,
    ownersOf: (host) =>
      host === "web.example"
        ? [{ label: "web", isConfigured: true }]
        : hosts.has(host)
        ? [{ label: "on-demand", isConfigured: false }]
        : [],
    hosts: () => hosts
  })
  const resolver = troubles.watching(Resolver.of({ resolve: () => says }))
  const news: Array<string> = []
  const tell = ({ label, reason, trouble }: NameNews) => news.push(`${label} ${reason} ${trouble.times}`)
  return {
    troubles,
    hosts,
    news,
    tell,
    asked: (host: string, code: string | null) => {
      nowUs += 1_000
      says = code === null ? Effect.succeed(answersOf(["192.0.2.1"])) : Effect.fail(new ResolveError({ host, code }))
      return Effect.exit(resolver.resolve(host, LIMITS))
    },
    interrupted: (host: string) => {
      says = Effect.never
      return Effect.timeoutOption(resolver.resolve(host, LIMITS), 1)
    }
  }
}

describe("a name without addresses", () => {
  it.live("is reported with its last reason, start and count until it has an address", () =>
    Effect.gen(function* () {
      const { asked, troubles, news, tell } = watched()
      troubles.watch(tell)
      yield* asked("web.example", "ENOTFOUND")
      yield* asked("web.example", "ETIMEOUT")
      assert.deepStrictEqual(troubles.of("web.example"), { reason: "ETIMEOUT", sinceUs: 1_000, lastUs: 2_000, times: 2 })
      yield* asked("web.example", null)
      yield* asked("web.example", null)
      assert.isUndefined(troubles.of("web.example"))
      yield* asked("web.example", "ENOTFOUND")
      assert.deepStrictEqual(news, ["web ENOTFOUND 1", "web ETIMEOUT 2", "web null 2", "web ENOTFOUND 1"])
      const counts = [...troubles.counts].map(([label, reasons]) => [label, [...reasons]])
      assert.deepStrictEqual(counts, [["web", [["ENOTFOUND", 2], ["ETIMEOUT", 1]]]])
    }))

  it.live("is reported to a watcher that starts later", () =>
    Effect.gen(function* () {
      const { asked, troubles, news, tell } = watched()
      yield* asked("web.example", "ENOTFOUND")
      troubles.watch(tell)
      assert.deepStrictEqual(news, ["web ENOTFOUND 1"])
    }))

  it.live("is not recorded when its DNS query was cancelled", () =>
    Effect.gen(function* () {
      const { interrupted, troubles } = watched()
      yield* interrupted("web.example")
      assert.isUndefined(troubles.of("web.example"))
    }))

  it.live("is forgotten once no upstream has it, as a thousand such names show", () =>
    Effect.gen(function* () {
      const { asked, hosts, troubles } = watched()
      yield* asked("web.example", "ENOTFOUND")
      for (let i = 0; i < 1_000; i++) {
        const host = `gone-${i}.example`
        hosts.add(host)
        yield* asked(host, "ENOTFOUND")
        hosts.delete(host)
      }
      const left = Array.from({ length: 1_000 }, (_, i) => troubles.of(`gone-${i}.example`)).filter((one) =>
        one !== undefined
      )
      assert.isBelow(left.length, 200)
      assert.isDefined(troubles.of("web.example"))
      const labels = [...troubles.counts.keys()]
      assert.deepStrictEqual(labels, ["web", "on-demand"])
    }))
})
