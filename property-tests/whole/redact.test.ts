/** The core decides about a redacted address as about the address itself. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import type { Decision } from "../../src/core/model/Decision.ts"
import type { Entry } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { agrees } from "../../src/record/redact.ts"
import { renamedEvent } from "../../src/record/redactLine.ts"
import type { Renaming } from "../../src/record/redactNames.ts"
import { record, redacted, replayed } from "../../test/support/segments.ts"
import { farScript, play, provenScript, ruledScript, script } from "../arbitraries/run.ts"
import { law } from "../check.ts"

interface Step {
  readonly entry: Entry
  readonly decisions: ReadonlyArray<Decision>
  readonly routes: State["routes"]
}

function stepsOf(texts: ReadonlyArray<string>): ReadonlyArray<Step> {
  const steps: Array<Step> = []
  replayed(texts, { onEntry: (entry, { routes }, decisions) => steps.push({ entry, decisions, routes }) })
  return steps
}

/** Every host, name and authority that a decision or a route names, renamed, wherever it stands. */
const renamed = (value: unknown, names: Renaming): unknown =>
  JSON.parse(JSON.stringify(value), (key, part) => {
    if (key === "host" || key === "servername" || key === "ca") return names.host(part)
    if (key === "servers") return part.map(names.text)
    if (key === "avoid") return part.map(names.host)
    if (key === "domain") return part.replace(/^.+(?=:\d+$)/, names.host)
    return key === "name" ? names.label(part) : part
  })

/** Without networks: those of the copy are others, and decide the same. */
const unlisted = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, part) => key === "cidr" || key === "access" ? undefined : part))

describe("redacting", () => {
  law(
    "any run decides the same about redacted addresses and names, and none of the real ones is left",
    fc.property(
      fc.oneof(script(), ruledScript(), provenScript(), farScript()),
      fc.array(fc.nat(80), { maxLength: 3 }).map((cuts) => cuts.toSorted((a, b) => a - b)),
      fc.constantFrom("footer" as const, "open" as const),
      (it, cuts, end) => {
        const { first, entries } = play(it)
        const { texts } = record(first, entries, cuts, end)
        const copy = redacted(texts)
        const verdict = replayed(copy.texts)
        expect(verdict.problem).toBeNull()
        expect(agrees(copy.original, verdict, copy.names)).toBe(true)
        const now = stepsOf(copy.texts)
        const then = stepsOf(texts)
        expect(now.length).toBe(then.length)
        then.forEach(({ entry, decisions, routes }, i) => {
          expect(now[i]?.entry.event).toEqual(renamedEvent(entry.event, copy.names))
          expect(unlisted(now[i]?.decisions)).toEqual(unlisted(renamed(decisions, copy.names)))
          if (i % 16 === 0) expect(unlisted(now[i]?.routes)).toEqual(unlisted(renamed(routes, copy.names)))
        })
        const all = copy.texts.join("")
        for (
          const [told] of texts.join("").matchAll(
            /(198\.1[89]|127\.0)\.0\.\d|198\.51\.100\.\d+|2001:db8::\d|\w+\.example|[0-9a-f]{32}(?=")/g
          )
        ) {
          expect(all).not.toContain(told)
        }
      }
    ),
    { share: 0.5 }
  )
})
