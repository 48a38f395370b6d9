/** Outcomes of tests, as pytest writes them. */
export type Outcome = "passed" | "failed" | "skipped"

export interface Result {
  readonly outcome: Outcome
  /** Why it failed, in one line. */
  readonly why: string
}

export type Results = ReadonlyMap<string, Result>

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" }

const plain = (text: string) =>
  text.replace(
    /&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi,
    (all, decimal, hex, name) =>
      decimal !== undefined
        ? String.fromCodePoint(Number(decimal))
        : hex !== undefined
        ? String.fromCodePoint(Number.parseInt(hex, 16))
        : ENTITIES[name] ?? all
  )

const attribute = (tag: string, name: string) => plain(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? "")

/** Reads pytest's `--junitxml`. A test that fails in its set-up and again in its end counts once. */
export function readJunit(xml: string): Results {
  const results = new Map<string, Result>()
  for (const [, tag = "", , body = ""] of xml.matchAll(/<testcase((?: [\w-]+="[^"]*")*)\s*(\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const id = `${attribute(tag, "classname")}::${attribute(tag, "name")}`
    const failed = /<(failure|error)( [^>]*)?>/.exec(body)
    const outcome = failed !== null ? "failed" : body.includes("<skipped") ? "skipped" : "passed"
    if (results.get(id)?.outcome === "failed") continue
    results.set(id, { outcome, why: failed === null ? "" : attribute(failed[0], "message").split("\n", 1)[0] as string })
  }
  return results
}

export interface Difference {
  readonly id: string
  readonly direct: Outcome | "missing"
  readonly through: Outcome | "missing"
  readonly why: string
}

export function differences(direct: Results, through: Results): ReadonlyArray<Difference> {
  const ids = new Set([...direct.keys(), ...through.keys()])
  return [...ids].flatMap((id) => {
    const [a, b] = [direct.get(id)?.outcome ?? "missing", through.get(id)?.outcome ?? "missing"] as const
    return a === b ? [] : [{ id, direct: a, through: b, why: (through.get(id)?.why ?? "") || (direct.get(id)?.why ?? "") }]
  })
}

export function counts(results: Results): string {
  const of = (outcome: Outcome) => [...results.values()].filter((one) => one.outcome === outcome).length
  return `${of("passed")} passed, ${of("failed")} failed, ${of("skipped")} skipped`
}
