/** One key of the configuration, two of its values, and how the behaviour differs between them. */
import { parse } from "../../../src/apps/config/parse.ts"
import { render } from "../../../src/apps/config/Problem.ts"
import type { Settings } from "../../../src/apps/config/Settings.ts"

export type Json = { [key: string]: unknown }

export interface Row {
  /** As docs/configuration.md has it: `listeners[].name`, `upstreams.NAME.host`. */
  readonly key: string
  readonly values: readonly [unknown, unknown]
  /** The behaviour with each value; `more` or `less` with the second one, where a figure depends on many things. */
  readonly shows: readonly [unknown, unknown] | "more" | "less"
  /** The behaviour of a service with this file, and never a value that is read from the file. */
  readonly behave: (file: Json) => unknown
  /** The other keys of the file, from its top level on. */
  readonly beside: Json
}

const LEAST = (): Json => ({
  listeners: [{ name: "web", listen: "127.0.0.1:0", upstream: "web" }],
  upstreams: { web: { port: 443, candidates: ["198.18.0.1", "198.18.0.2"] } },
  admin: { listen: "off" },
  history: { path: "none" },
  eventLog: { path: "none" }
})

/** The file in which the key has this value. */
export function fileOf({ key, beside }: Pick<Row, "key" | "beside">, value: unknown): Json {
  const file = merged(LEAST(), structuredClone(beside))
  const steps = key.replace("[]", ".0").replace("NAME", "web").split(".")
  let node = file
  for (const step of steps.slice(0, -1)) node = (node[step] ??= {}) as Json
  node[steps.at(-1) as string] = value
  return file
}

/** Merges section by section; a list or an upstream replaces another. */
function merged(base: Json, own: Json, depth = 0): Json {
  for (const [key, value] of Object.entries(own)) {
    const before = base[key]
    const both = [before, value].every((one) => typeof one === "object" && one !== null && !Array.isArray(one))
    base[key] = both && depth < 1 && key !== "upstreams" ? merged(before as Json, value as Json, depth + 1) : value
  }
  return base
}

export function settingsOf(file: Json): Settings {
  const { settings, problems } = parse(JSON.stringify(file))
  if (settings === undefined) throw new Error(problems.map((one) => render("file", one)).join("\n"))
  return settings
}
