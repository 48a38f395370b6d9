/**
 * The shape of an API gateway: a hundred streaming responses at once from five origins with two addresses each, 20 and 40 ms
 * away. From the fourth to the tenth of fourteen seconds the first address of one origin is bad: it stalls, resets, or answers 503.
 * Failures and tail through the dispatcher, beside undici alone. `--fault NAME` for one of them.
 */
import * as fs from "node:fs"
import process from "node:process"
import { parseArgs } from "node:util"
import { whyNot } from "./lab/Lab.ts"
import { quantile } from "./lab/measure.ts"
import { whyNoNames } from "./lab/names.ts"
import { nameOf, Noted, pause } from "./lab/poolLab.ts"
import type { Way, WebClients, WebSeen } from "./lab/webClients.ts"
import { inWebLab } from "./lab/webLab.ts"
import { print } from "./support/report.ts"

const ORIGINS = [0, 1, 2, 3, 4]
const FAULTS = ["stall", "reset", "fail"] as const
const WAYS: ReadonlyArray<Way> = ["undici", "fairlead"]
const WORKERS = 100
const [FROM_MS, TO_MS, LAST_MS, SETTLE_MS] = [4_000, 10_000, 14_000, 3_000]

const first = (origin: number) => `198.18.1.${origin}`
const second = (origin: number) => `198.18.2.${origin}`
const distances = Object.fromEntries(ORIGINS.flatMap((one) => [[first(one), 20], [second(one), 40]] as const))
/** Without Fairlead a client takes the first address of an answer on Node, and the last on Deno. */
const inOrder = (answer: ReadonlyArray<string>) => "Deno" in globalThis ? answer.toReversed() : answer
const names = Object.fromEntries(ORIGINS.map((one) => [`o${one}`, inOrder([first(one), second(one)])] as const))

const { values } = parseArgs({
  options: { rounds: { type: "string" }, json: { type: "boolean" }, fault: { type: "string" } }
})
const missing = whyNot() ?? whyNoNames()
if (missing !== undefined) {
  console.error(`gateway: ${missing}; no figures`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const rounds = Number(values.rounds ?? 3)
const faults = FAULTS.filter((fault) => values.fault === undefined || fault === values.fault)
const noted = new Noted()
await inWebLab(distances, names, async ({ lab, caFile }) => {
  for (let round = 0; round < rounds; round++) {
    for (const fault of faults) {
      for (const way of round % 2 === 0 ? WAYS : WAYS.toReversed()) {
        const wanted: WebClients = {
          kind: "gateway",
          ways: [way],
          hosts: ORIGINS.map((one) => nameOf(`o${one}`)),
          caFile,
          count: 0,
          workers: WORKERS,
          lastMs: LAST_MS,
          timeoutMs: 3_000,
          failing: [503],
          settleMs: SETTLE_MS,
          beganFile: `${lab.scratch}/began-${round}-${fault}-${way}`
        }
        const running = lab.document<Array<WebSeen>>("bench/lab/webClients.ts", [JSON.stringify(wanted)])
        while (!fs.existsSync(wanted.beganFile as string)) await pause(20)
        await pause(FROM_MS)
        await lab.server(first(0), fault)
        await pause(TO_MS - FROM_MS)
        await lab.server(first(0), "ok")
        noted.note(`${fault}: ${way}`, figuresOf(await running))
      }
    }
  }
})
const about =
  `${WORKERS} at once, a second of stream each; a client gives up after 3 s; six seconds of trouble for one origin of five`
print({ bench: "gateway", about, rounds, results: noted.results(), aims: [] }, values.json === true)

function figuresOf(seen: ReadonlyArray<WebSeen>): Record<string, number> {
  const good = seen.filter(({ failure }) => failure === "").map(({ tookMs }) => tookMs)
  const failed = seen.filter(({ failure }) => failure !== "")
  const others = failed.filter(({ host }) => host !== nameOf("o0"))
  return {
    "requests": seen.length,
    "failed": failed.length,
    "failed, per mille": (failed.length / seen.length) * 1000,
    "failed at other origins": others.length,
    "on the first address before, share": share(seen.filter(({ host, atMs }) => host === nameOf("o0") && atMs < 3_000)),
    "p50 ms": quantile(good, 0.5),
    "p99 ms": quantile(good, 0.99),
    "p99.9 ms": quantile(good, 0.999)
  }
}

function share(seen: ReadonlyArray<WebSeen>): number {
  return seen.filter(({ by }) => by === first(0)).length / seen.length
}
