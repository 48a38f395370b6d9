/** The architecture's rules as functions from sources to violations in words, so that each can be shown to fail. */
import type { Source } from "./sources.ts"
import { codeOf, importsOf } from "./sources.ts"

export type Rule = (sources: ReadonlyArray<Source>) => ReadonlyArray<string>

/** Which folders of `src` the code of a folder may import, besides its own. `src/mod.ts` is above all. */
const MAY_IMPORT: Readonly<Record<string, ReadonlyArray<string>>> = {
  core: [],
  record: ["core"],
  plane: ["core"],
  shell: ["plane", "record", "core"],
  ingress: ["record", "core"],
  // The simulation, for tests, property tests and benches, and for the command that runs a record under other settings.
  sim: ["shell", "plane", "record", "core"],
  // The page of the admin port, which runs in a browser: it has types of the service alone.
  dashboard: ["shell"],
  adapters: ["shell", "plane", "ingress", "record", "core"],
  apps: ["adapters", "sim", "shell", "plane", "ingress", "record", "core"]
}

/** `core` of `src/core/step.ts`; empty for files that lie in `src` itself. */
function layerOf(path: string): string {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? ""
}

/** The layers of the line with the arrows, the highest first. */
export function layersDrawn(architecture: string): ReadonlyArray<string> {
  const line = /^Arrows point one way: `([^`]+)`/m.exec(architecture)?.[1] ?? ""
  return line.split(/ → |, /)
}

/** Layers that are drawn below one that they may import. */
export function drawnUpwards(drawn: ReadonlyArray<string>): ReadonlyArray<string> {
  return drawn.flatMap((layer, i) =>
    drawn.slice(0, i).filter((above) => MAY_IMPORT[layer]?.includes(above) !== false).map((above) =>
      `${layer} below ${above}`
    )
  )
}

export const layers: Rule = (sources) =>
  sources.flatMap((source) => {
    const layer = layerOf(source.path)
    if (layer === "") return importsOf(source).filter(({ target = "" }) => layerOf(target) === "sim").map(simulated(source))
    const allowed = MAY_IMPORT[layer]
    if (allowed === undefined) return [`${source.path} lies in a layer that the architecture does not know`]
    return importsOf(source).flatMap(({ target }) => {
      // The program's own name and version are in its package.json.
      if (target === undefined || (layer === "apps" && target === "package.json")) return []
      if (!target.startsWith("src/")) return [`${source.path} imports ${target} from outside src`]
      const other = layerOf(target)
      return other === layer || allowed.includes(other)
        ? []
        : [`${source.path} (${layer}) imports ${target} (${other || "top"})`]
    })
  })

/** What runs in a browser takes nothing of the service but types. */
export const pageApart: Rule = (sources) =>
  sources.filter(({ path }) => layerOf(path) === "dashboard").flatMap((source) =>
    importsOf(source)
      .filter(({ target = "src/dashboard/", isType }) => layerOf(target) !== "dashboard" && !isType)
      .map(({ target }) => `${source.path} takes code of ${target} into the browser`)
  )

const simulated = ({ path }: Source) => ({ target }: { readonly target?: string | undefined }) =>
  `${path} exports ${target}, which is for tests alone`

const PLATFORM = /^(node:|bun:|@effect\/platform|@opentelemetry|@effect\/opentelemetry)/

export const platformAtTheEdge: Rule = (sources) =>
  sources.filter(({ path }) => !["adapters", "apps"].includes(layerOf(path))).flatMap((source) => {
    const imported = importsOf(source).filter(({ specifier }) => PLATFORM.test(specifier))
    const named = /(?<![.\w$])(Deno|Bun)\b/.exec(codeOf(source.text))
    return [
      ...imported.map(({ specifier }) => `${source.path} imports ${specifier}`),
      ...(named === null ? [] : [`${source.path} names the global ${named[1]}`])
    ]
  })

/** Schema, and the types of its signatures: pure values, of which `Effect` is only succeeded or failed. */
const SCHEMA_MAY_IMPORT = /^effect\/(Schema\w*|schema\/Schema\w+|Effect|Result|Option|net\/\w+)$/

export const coreAlone: Rule = (sources) =>
  sources.filter(({ path }) => layerOf(path) === "core").flatMap((source) => {
    const inSchema = source.path.startsWith("src/core/schema/")
    // The types of the model follow from the schemas.
    const mayHaveTypes = source.path.startsWith("src/core/model/")
    return importsOf(source).flatMap(({ specifier, target, isType }) => {
      if (target === undefined) {
        return inSchema && SCHEMA_MAY_IMPORT.test(specifier) ? [] : [`${source.path} imports ${specifier}`]
      }
      const isAllowed = inSchema || (mayHaveTypes && isType)
      if (!isAllowed && target.startsWith("src/core/schema/")) return [`${source.path} imports the schemas`]
      return []
    })
  })

/** Rules lie below reducers, and reducers hardly import each other: what several of them share is a rule. */
const MOST_BETWEEN_REDUCERS = 5

export const reducersApart: Rule = (sources) => {
  const imports = sources.flatMap((source) =>
    importsOf(source).map(({ target }) => ({ from: source.path, to: target ?? "" }))
  ).filter(({ to }) => to.startsWith("src/core/reducers/"))
  const upwards = imports.filter(({ from }) => from.startsWith("src/core/rules/"))
  const between = imports.filter(({ from }) => from.startsWith("src/core/reducers/"))
  return [
    ...upwards.map(({ from, to }) => `${from} imports the reducer ${to}`),
    ...(between.length > MOST_BETWEEN_REDUCERS
      ? [`${between.length} imports between reducers, ${MOST_BETWEEN_REDUCERS} are the most`]
      : [])
  ]
}

const MOST_LINES = 300
/** A reducer states one rule, and so does a rule that reducers share. */
const MOST_LINES_OF_RULE = 200

const mostLines = (path: string) => /^src\/core\/(reducers|rules)\//.test(path) ? MOST_LINES_OF_RULE : MOST_LINES

const isGenerated = (text: string) => /^\/\*\*\s+(\* )?Generated by tools\//.test(text)

export const shortFiles: Rule = (sources) =>
  sources.filter(({ text }) => !isGenerated(text)).flatMap(({ path, text }) => {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0)
    const most = mostLines(path)
    return lines > most ? [`${path} has ${lines} lines, ${most} are the most`] : []
  })

/** Members of Math that ECMAScript defines to the last bit. All others may differ between engines. */
const EXACT_MATH = /^\.(floor|ceil|trunc|round|abs|min|max|sign|imul|clz32)\b/
const BANNED = [
  "Date",
  "performance",
  "Temporal",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "process",
  "async",
  "await",
  "Promise",
  "crypto",
  "globalThis",
  "Intl"
]
const BANNED_NAME = new RegExp(`(?<![.\\w$])(${BANNED.join("|")})(?![\\w$])(?!\\??:)`, "g")

/** Replay and the simulation need this: no clock, no random numbers, no waiting, no arithmetic that differs between engines. */
export const exactAndTimeless: Rule = (sources) =>
  sources.filter(({ path }) => ["core", "record", "sim"].includes(layerOf(path))).flatMap(({ path, text }) => {
    const code = codeOf(text)
    const math = [...code.matchAll(/(?<![.\w$])Math\b/g)]
      .map(({ index }) => code.slice(index + 4, index + 24))
      .filter((after) => !EXACT_MATH.test(after))
    const powers = [...code.matchAll(/(\S+)\s*\*\*=?\s*(\S+)/g)].filter(([, base, power]) =>
      !/^\(?\d+$/.test(base as string) || !/^\d/.test(power as string)
    )
    const locale = [...code.matchAll(/\.(localeCompare|toLocale\w+)\b/g)]
    return [
      ...math.map((after) => `${path} names Math${/^\.\w+/.exec(after)?.[0] ?? " itself"}`),
      ...powers.map(([, base, power]) => `${path} takes a power that need not be exact: ${base} ** ${power}`),
      ...[...locale, ...code.matchAll(BANNED_NAME)].map(([, name]) => `${path} names ${name}`)
    ]
  })

export const noCycles: Rule = (sources) => {
  const targets = new Map(sources.map((source) => [source.path, importsOf(source).map(({ target }) => target)]))
  const done = new Set<string>()
  const found: Array<string> = []
  const visit = (path: string, trail: ReadonlyArray<string>): void => {
    const seenAt = trail.indexOf(path)
    if (seenAt >= 0) return void found.push(`cycle: ${[...trail.slice(seenAt), path].join(" -> ")}`)
    if (done.has(path)) return
    for (const target of targets.get(path) ?? []) if (target !== undefined) visit(target, [...trail, path])
    done.add(path)
  }
  for (const { path } of sources) visit(path, [])
  return found
}

/** What the data plane does not see: it has routes, whose plans say all that clients need. */
const HIDDEN_FROM_PLANE =
  /^src\/core\/(model\/(State|Config|Step|Upstream)\.ts|state\.ts|step\.ts|advance\.ts|reducers\/|schema\/)/
/** The types of values that routes and events carry may be the configuration's; the state is in nothing that the data plane can reach. */
const BEHIND_NO_IMPORT = /^src\/core\/(model\/(State|Step|Upstream)\.ts|state\.ts|step\.ts|advance\.ts|reducers\/|schema\/)/

/** The data plane imports neither the state, the configuration nor a reducer, and what it imports leads to no state. */
export const planeSeesRoutes: Rule = (sources) => {
  const targets = new Map(sources.map((source) => {
    // Types of the model follow from the schemas, and are all that the data plane gets of these.
    const ofModel = source.path.startsWith("src/core/model/")
    const followed = importsOf(source).filter(({ target = "", isType }) =>
      !(ofModel && isType && target.startsWith("src/core/schema/"))
    )
    return [source.path, followed.map(({ target }) => target)]
  }))
  const found: Array<string> = []
  const seen = new Set<string>()
  const visit = (path: string, trail: ReadonlyArray<string>): void => {
    for (const target of targets.get(path) ?? []) {
      if (target === undefined) continue
      const hidden = layerOf(path) === "plane" ? HIDDEN_FROM_PLANE : BEHIND_NO_IMPORT
      if (hidden.test(target)) found.push(`the data plane sees ${[...trail, path, target].join(" -> ")}`)
      else if (!seen.has(target)) {
        seen.add(target)
        visit(target, [...trail, path])
      }
    }
  }
  for (const { path } of sources) if (layerOf(path) === "plane") visit(path, [])
  return found
}

/** The control plane meets the data plane at its ports alone. */
export const planesMeetAtPorts: Rule = (sources) =>
  sources.filter(({ path }) => layerOf(path) === "shell").flatMap((source) =>
    importsOf(source).filter(({ target = "" }) => layerOf(target) === "plane" && !target.startsWith("src/plane/ports/"))
      .map(({ target }) => `${source.path} imports ${target}, which is no port`)
  )

export const honestNames: Rule = (sources) =>
  sources.flatMap(({ path }) => {
    const name = path.slice(path.lastIndexOf("/") + 1)
    return /(^|\/)(utils?|helpers?|misc|common)(\.|\/)/i.test(path) || name === "index.ts" ? [`${path}: no such names`] : []
  })
