/** What the scenes of the pool share: TLS servers on port 443, a resolver whose first answer is known, and figures. */
import type { ChildProcess } from "node:child_process"
import type { Summary } from "../support/rounds.ts"
import { summaryOf } from "../support/rounds.ts"
import { DOMAIN } from "./certificates.ts"
import { Lab } from "./Lab.ts"
import { quantile } from "./measure.ts"
import { openNames } from "./names.ts"
import type { TlsSeen, Way } from "./tlsClients.ts"

export const TLS_PORT = 443
export const LISTEN = 1234

export interface Scene {
  readonly rounds: number
  /** The folder of the certificates. */
  readonly directory: string
}

/** A lab with TLS servers and names (without their domain), for as long as `use` takes. */
export async function inLab<A>(
  { directory }: Scene,
  distances: Readonly<Record<string, number>>,
  names: Readonly<Record<string, ReadonlyArray<string>>>,
  use: (lab: Lab) => Promise<A>
): Promise<A> {
  const lab = await Lab.open(distances, ["tlsUpstream.ts", String(TLS_PORT), directory])
  try {
    const hosts = Object.entries(names).map(([name, addresses]) => [nameOf(name), addresses] as const)
    const closeNames = await openNames(lab, Object.fromEntries(hosts))
    try {
      return await use(lab)
    } finally {
      closeNames()
    }
  } finally {
    await lab.close()
  }
}

export const nameOf = (name: string) => `${name}.${DOMAIN}`
export const caOf = ({ directory }: Scene) => `${directory}/ca.pem`

/** A configuration with one listener for each upstream, from `LISTEN` on; `upstreams` are their bodies by name. */
export function yamlOf(
  lab: Lab,
  upstreams: Readonly<Record<string, string>>,
  { more = "", history = "none", log = "log" }: {
    readonly more?: string
    readonly history?: string
    readonly log?: string
  } = {}
): string {
  const names = Object.keys(upstreams)
  return `
listeners:
${names.map((name, i) => `  - { name: ${name}, listen: "127.0.0.1:${LISTEN + i}", upstream: ${name} }`).join("\n")}
upstreams:
${names.map((name) => `  ${name}: { ${upstreams[name]} }`).join("\n")}
eventLog: { path: ${lab.scratch}/${log} }
history: { path: ${history} }
shutdown: { drain: 200ms }
${more.includes("admin:") ? "" : 'admin: { listen: "off" }'}
${more}
`
}

/** Through the listener of the `i`th upstream in the configuration. */
export const through = (way: string, i: number, name: string): Way => {
  return { way, servername: nameOf(name), host: "127.0.0.1", port: LISTEN + i }
}

export const of = (seen: ReadonlyArray<TlsSeen>, way: string) => seen.filter((one) => one.way === way)

/** Of the clients that were served. */
export function median(seen: ReadonlyArray<TlsSeen>, figure: (one: TlsSeen) => number): number {
  return quantile(seen.filter(({ failure }) => failure === "").map(figure), 0.5)
}

/** Rounds of figures by contender, as the report wants them. */
export class Noted {
  readonly #samples = new Map<string, Map<string, Array<number>>>()

  note(contender: string, figures: Readonly<Record<string, number>>): void {
    const own = this.#samples.get(contender) ?? new Map<string, Array<number>>()
    this.#samples.set(contender, own)
    for (const [figure, value] of Object.entries(figures)) own.set(figure, [...own.get(figure) ?? [], value])
  }

  of(contender: string, figure: string): Summary {
    return summaryOf(this.#samples.get(contender)?.get(figure) ?? [])
  }

  results(): Record<string, Record<string, Summary>> {
    const entries = [...this.#samples].map(([contender, figures]) =>
      [contender, Object.fromEntries([...figures].map(([figure, values]) => [figure, summaryOf(values)]))] as const
    )
    return Object.fromEntries(entries)
  }
}

const STARTS_WITHIN_MS = 20_000

/** Starts Fairlead, and gives it `settleMs` from when it listens. */
export async function started(lab: Lab, yaml: string, settleMs: number): Promise<ChildProcess> {
  const service = await lab.fairlead(yaml, 0)
  let said = ""
  service.stderr?.on("data", (chunk) => (said += String(chunk)))
  for (const giveUp = performance.now() + STARTS_WITHIN_MS; !said.includes("listening");) {
    if (performance.now() > giveUp) throw new Error(`Fairlead does not listen: ${said}`)
    await pause(20)
  }
  await pause(settleMs)
  return service
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
